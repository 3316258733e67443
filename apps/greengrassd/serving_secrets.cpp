// The secrets of the deployment that runs: from its package, kept at rest, asked for anew.
#include "apps/greengrassd/core.hpp"
#include "edge/secrets/new_secrets.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/pki/envelope.hpp"
#include "libs/pki/private_key.hpp"
#include "libs/rt/stream.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::greengrassd {

namespace asio = boost::asio;

// Those of the deployment, and those of the core's own store.
result<void> core::serve_secrets(const contract::manifest& wanted) {
    serve_own_store();
    lacks_secrets_ = false;
    auto deployed = secrets_of(wanted);
    sealed_secrets_.keep_only({wanted.deployment_id, secrets_deployment_});
    secrets_deployment_ = wanted.deployment_id;
    secrets_version_.clear();
    known_secrets_.use(deployed ? std::move(*deployed) : std::vector<edge::secret>());
    secrets_->grant(wanted.functions, wanted.resources);
    return deployed ? look_for_missing_secrets() : deployed.error();
}

// Under a new data key at each deployment, as V1 has it (spec/core.md §16).
void core::serve_own_store() {
    const auto able = keys_->receiving_opens();
    auto loaded = able ? secret_store_.seal_anew() : result<std::vector<error>>(able.error());
    if (!loaded) {
        const auto why = loaded.error();
        loaded = secret_store_.load();
        if (!secret_store_.all().empty()) {
            log_.warn(
                "Secrets of the core's own store are not sealed anew: those in the clear stay so.",
                {{"reason", why}});
        }
    }
    for (const auto& fault : *loaded) {
        log_.error("A secret cannot be used.", {{"reason", fault}});
    }
}

result<void> core::look_for_missing_secrets() const {
    const auto missing = secrets_->missing();
    if (!missing.empty()) {
        return error{errc::not_found,
                     "neither the service nor this core has the secret '" + missing.front() +
                         "': create it (aws secretsmanager create-secret), or put it here "
                         "(evergrass secrets put), and deploy again"};
    }
    return {};
}

// As they are kept under the key for secrets, perhaps newer than the deployment; else as it brought
// them.
result<std::vector<edge::secret>> core::secrets_of(const contract::manifest& wanted) {
    for (const auto& file : wanted.files) {
        if (file.what != contract::delivery::secrets) {
            continue;
        }
        auto kept = sealed_secrets_.load(wanted.deployment_id, secrets_key_);
        if (kept) {
            return kept;
        }
        if (kept.error().code != errc::not_found) {
            log_.warn("Secrets at rest cannot be used: those that their deployment brought are.",
                      {{"reason", kept.error()}});
        }
        const auto sealed = read_file(store_.artifact_path(file.artifact));
        if (!sealed) {
            return sealed.error();
        }
        auto brought = open_package(*sealed);
        if (brought) {
            keep_secrets(wanted.deployment_id, *brought);
        }
        lacks_secrets_ = !brought;
        if (lacks_secrets_) {
            // At a start nobody is told of a deployment that failed.
            log_.error("The group's secrets are not there.", {{"reason", brought.error()}});
        }
        return brought;
    }
    return std::vector<edge::secret>();
}

// A package is sealed for the certificate that the group named as its core's.
result<std::vector<edge::secret>> core::open_package(const std::string& sealed) const {
    const auto certificate = read_file(config_.certificate_path);
    if (!certificate) {
        return certificate.error();
    }
    const auto key = keys_->own();
    if (!key) {
        return key.error();
    }
    auto opened = pki::open_envelope(sealed, *certificate, *key);
    if (opened) {
        auto read = edge::parse_deployed_secrets(*opened);
        wipe(*opened);
        return read;
    }
    if (opened.error().code != errc::denied) {
        return with_context(opened.error(), "the group's secrets cannot be opened");
    }
    if (const auto able = keys_->own_opens(); !able) {
        return with_context(able.error(), "the group's secrets cannot be opened");
    }
    return with_context(opened.error(),
                        "the group's secrets cannot be opened: they were sealed for another "
                        "certificate than that of " +
                            config_.certificate_path.string() +
                            ". The core asks its service to seal them anew; or name this "
                            "certificate in the group's core definition and deploy, or put the "
                            "former certificate and key back");
}

// Without it they are opened from their deployment's package at the next start.
void core::keep_secrets(const std::string& deployment, const std::vector<edge::secret>& all) const {
    if (const auto kept = sealed_secrets_.save(deployment, all, secrets_key_); !kept) {
        log_.warn("Secrets are not kept under the key of the principal SecretsManager.",
                  {{"reason", kept.error()}});
    }
}

// The core's key changed on disk while it runs. What is at rest opens with the one before alone,
// which is gone.
void core::keep_secrets_under_new_key() {
    const auto all = known_secrets_.deployed();
    if (!all.empty()) {
        keep_secrets(secrets_deployment_, all);
    }
    serve_own_store();
}

// What does not fit in any way leaves the secrets as they are.
result<void> core::take_new_secrets(const contract::signed_manifest& signed_text) {
    if (auto verified = signing_key_.verify(signed_text); !verified) {
        return verified;
    }
    const auto told = edge::parse_new_secrets(signed_text.manifest_text);
    if (!told) {
        return told.error();
    }
    if (told->deployment_id != secrets_deployment_) {
        return {};  // the service is ahead, or behind: the next deployment brings its own
    }
    const auto key = keys_->receiving();
    if (!key) {
        return key.error();
    }
    auto opened = pki::open_envelope(told->sealed, *key);
    if (!opened) {
        const auto able = keys_->receiving_opens();
        return with_context(able ? opened.error() : able.error(),
                            "the secrets that the service sealed cannot be opened");
    }
    auto fresh = edge::parse_deployed_secrets(*opened);
    wipe(*opened);
    if (!fresh) {
        return fresh.error();
    }
    known_secrets_.renew(std::move(*fresh));
    lacks_secrets_ = false;
    secrets_version_ = told->version;
    keep_secrets(secrets_deployment_, known_secrets_.deployed());
    log_.info("The group's secrets are as the service has them now.",
              {{"deploymentId", secrets_deployment_}});
    return {};
}

// As the service has them now, sealed for a key of the core's that it names itself.
asio::awaitable<result<void>> core::ask_for_secrets() {
    if (asks_) {
        co_return error{errc::unavailable, "the service is being asked for secrets"};
    }
    const auto key = keys_->receiving();
    if (!key) {
        co_return key.error();
    }
    asks_ = true;
    const auto fetched =
        co_await asks_for_secrets_.fetch_secrets(secrets_version_, pki::public_key_of(*key));
    asks_for_secrets_.drop_connection();  // the next question is far away
    asks_ = false;
    if (!fetched) {
        co_return fetched.error();
    }
    if (*fetched) {
        auto taken = take_new_secrets(**fetched);
        co_return taken;
    }
    co_return result<void>();
}

// Between deployments, where config.json asks for it (secrets.refreshSeconds).
asio::awaitable<void> core::refresh_secrets() {
    std::string trouble;
    while (co_await rt::sleep_for(config_.secrets.refresh)) {
        if (known_secrets_.deployed().empty()) {
            continue;
        }
        const auto taken = co_await ask_for_secrets();
        const auto why = taken ? std::string() : taken.error().message();
        if (why != trouble && !why.empty()) {
            log_.warn("New values of secrets cannot be had: the old ones go on.",
                      {{"reason", taken.error()}});
        }
        trouble = why;
    }
}

// Until the service has sealed them for a key that the core has, or another deployment brought its
// own.
asio::awaitable<void> core::regain_secrets() {
    constexpr std::chrono::seconds longest{300};
    std::chrono::seconds wait{1};
    std::string trouble;
    bool goes_on = true;
    while (lacks_secrets_ && goes_on) {
        const auto taken = co_await ask_for_secrets();
        if (!lacks_secrets_) {
            break;
        }
        const auto why = taken ? "the service has those of another deployment: deploy again"
                               : taken.error().message();
        if (why != trouble) {
            log_.warn("The group's secrets cannot be had from the service: it is asked again.",
                      {{"reason", why}});
        }
        trouble = why;
        goes_on = co_await rt::sleep_for(wait);
        wait = std::min(wait * 2, longest);
    }
}

}  // namespace evergrass::greengrassd

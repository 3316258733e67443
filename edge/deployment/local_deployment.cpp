// The part of deployment_agent that deploys what is on this machine.
#include "contract/bundle.hpp"
#include "edge/deployment/agent.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/run_on.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::edge {

namespace asio = boost::asio;

namespace {

std::string reasons_of(const std::vector<part_failure>& failures) {
    std::string text;
    for (const auto& failure : failures) {
        text += (text.empty() ? "" : "; ") + failure.part + ": " + failure.reason;
    }
    return text;
}

// What differs between two that were made of the same file is left out.
std::string without_sealing(contract::manifest m) {
    m.deployment_id.clear();
    m.created_at.clear();
    for (auto& file : m.files) {
        if (file.what == contract::delivery::secrets) {
            file.artifact.clear();
            file.size = 0;
        }
    }
    return contract::to_json_text(m);
}

}  // namespace

// A group that no service knows has no authority that a service made: its devices trust this
// core's.
result<contract::signed_manifest> deployment_agent::sign_for_owner(
    contract::signed_manifest sealed) {
    auto manifest = contract::parse_manifest(sealed.manifest_text);
    if (!manifest) {
        return with_context(manifest.error(), "the bundle's manifest");
    }
    manifest->group_id = contract::owner_group_id;
    if (manifest->group_cas.empty() && running_) {
        manifest->group_cas = running_->group_cas;
    }
    if (manifest->group_cas.empty()) {
        auto own = certificate_.make_own_authority(time_.now());
        if (!own) {
            return own.error();
        }
        manifest->group_cas.push_back(std::move(*own));
    }
    return key_.sign_as_owner(contract::to_json_text(*manifest));
}

result<bundle_intake> deployment_agent::accept_bundle(contract::signed_manifest sealed,
                                                      bool unsigned_too) {
    const bool is_unsigned = sealed.key_id == contract::unsigned_key_id;
    if (is_unsigned && !unsigned_too) {
        return error{errc::denied,
                     "nobody signed this bundle. evergrass bundle makes one with the service's "
                     "signature; what is only a group file is deployed as that"};
    }
    if (is_unsigned) {
        auto by_owner = sign_for_owner(std::move(sealed));
        if (!by_owner) {
            return by_owner.error();
        }
        sealed = std::move(*by_owner);
    }
    auto manifest = key_.open(sealed);
    if (!manifest) {
        return manifest.error();
    }
    if (manifest->core.thing_name() != settings_.thing) {
        return error{errc::conflict, "it is for the core '" + manifest->core.thing_name() +
                                         "', this is '" + settings_.thing + "'"};
    }
    if (manifest->is_reset()) {
        return error{errc::unsupported, "it resets the core, which is the service's to do"};
    }
    // Times of one form compare as texts. The owner at the machine may go back by any file.
    if (!is_unsigned && running_ && manifest->created_at < running_->created_at) {
        return error{errc::conflict, "it was made at " + manifest->created_at +
                                         ", before the deployment that runs (" +
                                         running_->created_at +
                                         "). Make a new bundle of what you want to go back to"};
    }
    return bundle_intake{std::move(sealed), std::move(*manifest)};
}

void deployment_agent::say(std::string step) const {
    if (tell_) {
        tell_(std::move(step));
    }
}

asio::awaitable<result<local_outcome>> deployment_agent::deploy_bundle(std::filesystem::path bundle,
                                                                       bool unsigned_too,
                                                                       step_teller tell) {
    if (deploying_) {
        co_return error{errc::unavailable, "another deployment is under way: try again after it"};
    }
    deploying_ = true;
    tell_ = std::move(tell);
    auto taken = co_await read_bundle(std::move(bundle), unsigned_too);
    auto outcome = co_await deploy_taken(std::move(taken));
    co_return outcome;
}

asio::awaitable<result<local_outcome>> deployment_agent::undo_deployment(step_teller tell) {
    if (deploying_) {
        co_return error{errc::unavailable, "another deployment is under way: try again after it"};
    }
    deploying_ = true;
    tell_ = std::move(tell);
    auto taken = co_await open_previous();
    auto outcome = co_await deploy_taken(std::move(taken));
    co_return outcome;
}

asio::awaitable<result<local_outcome>> deployment_agent::deploy_taken(result<bundle_intake> taken) {
    if (!taken) {
        deploying_ = false;
        tell_ = {};
        log_.warn("A deployment from this machine was refused.", {{"reason", taken.error()}});
        co_return taken.error();
    }
    auto outcome = co_await deploy_intake(std::move(*taken));
    deploying_ = false;
    tell_ = {};
    co_return outcome;
}

// What --undo brings back; a failed deployment leaves it.
std::optional<contract::manifest> deployment_agent::previous_deployment() const {
    const auto sealed = store_.previous();
    if (!sealed || !*sealed) {
        return std::nullopt;
    }
    auto manifest = key_.open(**sealed);
    return manifest ? std::optional(std::move(*manifest)) : std::nullopt;
}

// As it was deployed: signed, and with packages that the store has kept.
asio::awaitable<result<bundle_intake>> deployment_agent::open_previous() {
    auto sealed = store_.previous();
    if (!sealed) {
        co_return sealed.error();
    }
    if (!*sealed) {
        co_return error{errc::not_found,
                        "there is nothing to go back to: this core ran no other deployment before"};
    }
    auto manifest = key_.open(**sealed);
    if (!manifest) {
        co_return with_context(manifest.error(), "the deployment before");
    }
    say("looking at the packages of deployment " + manifest->deployment_id);
    std::function<result<void>()> look = [&]() -> result<void> {
        for (const auto& sha256 : artifacts_of(*manifest)) {
            if (!store_.has_artifact(sha256)) {
                return error{errc::not_found, "the deployment before, " + manifest->deployment_id +
                                                  ", cannot come back: its package " + sha256 +
                                                  " is gone. Deploy its file again"};
            }
        }
        return {};
    };
    auto looked = co_await rt::run_on(disk_, std::move(look));
    if (!looked) {
        co_return looked.error();
    }
    co_return bundle_intake{std::move(**sealed), std::move(*manifest)};
}

// What takes time is done on the disk's thread, what looks at this object on its own.
asio::awaitable<result<bundle_intake>> deployment_agent::read_bundle(std::filesystem::path bundle,
                                                                     bool unsigned_too) {
    say("reading the bundle's manifest");
    std::function<result<contract::signed_manifest>()> look = [&] {
        return read_bundle_head(bundle);
    };
    auto head = co_await rt::run_on(disk_, std::move(look));
    if (!head) {
        co_return head.error();
    }
    std::function<result<void>()> make_keys = [this] { return certificate_.make_keys(); };
    const auto keys = co_await rt::run_on(disk_, std::move(make_keys));
    if (!keys) {
        co_return keys.error();
    }
    const auto accepted = accept_bundle(*head, unsigned_too);
    if (!accepted) {
        co_return with_context(accepted.error(), bundle.string());
    }
    const auto packages = artifacts_of(accepted->manifest).size();
    say("reading " + std::to_string(packages) + (packages == 1 ? " package" : " packages") +
        " of deployment " + accepted->manifest.deployment_id);
    std::function<result<bundle_intake>()> take = [&] {
        return take_bundle(
            bundle, store_, [&](contract::signed_manifest sealed) -> result<bundle_intake> {
                if (sealed.manifest_text != head->manifest_text) {
                    return error{errc::conflict, "the bundle changed while it was read"};
                }
                return *accepted;
            });
    };
    auto taken = co_await rt::run_on(disk_, std::move(take));
    co_return taken;
}

// A core that never met the service of its bundle has no authority of it, and devices are to be let
// in all the same: they trust the core's own until it meets the service.
void deployment_agent::show_certificate(local_outcome& outcome) {
    const auto own = certificate_.own_authority_or_make(time_.now());
    if (!own) {
        note_certificate(own.error());
        return;
    }
    auto& trusted = outcome.group_cas;
    if (*own && std::find(trusted.begin(), trusted.end(), **own) == trusted.end()) {
        trusted.push_back(**own);
    }
    renew_certificate_alone();
}

// Secrets are sealed anew whenever a file is deployed, which makes another deployment of it: the
// same one, when nothing else differs and the values are those that are served.
bool deployment_agent::runs_already(const contract::manifest& m) const {
    if (!running_) {
        return false;
    }
    return running_->deployment_id == m.deployment_id ||
           (without_sealing(*running_) == without_sealing(m) && target_.serves_secrets_of(m));
}

asio::awaitable<result<local_outcome>> deployment_agent::deploy_intake(bundle_intake taken) {
    const auto& m = taken.manifest;
    local_outcome outcome;
    outcome.deployment_id = m.deployment_id;
    outcome.group_name = m.group_name;
    outcome.group_cas = m.group_cas;
    if (runs_already(m)) {
        outcome.unchanged = true;
        if (running_->deployment_id != m.deployment_id) {
            outcome.deployment_id = running_->deployment_id;
            co_await remove_staged(m);
        }
        co_return outcome;
    }
    log_.info("Deployment received from this machine.",
              {{"deploymentId", m.deployment_id},
               {"signedBy", m.group_id == contract::owner_group_id ? "owner" : "service"},
               {"functions", m.functions.size()},
               {"devices", m.devices.size()},
               {"subscriptions", m.subscriptions.size()}});
    say("unpacking");
    std::function<result<void>()> place = [&] { return store_.place_code(m); };
    auto placed = co_await rt::run_on(disk_, std::move(place));
    if (!placed) {
        co_await remove_staged(m);
        outcome.message = placed.error().message();
        co_return outcome;
    }
    say("changing over: functions " + std::to_string(m.functions.size()) + ", devices " +
        std::to_string(m.devices.size()) + ", subscriptions " +
        std::to_string(m.subscriptions.size()));
    outcome.details = co_await change_over(taken.sealed, m);
    outcome.message = reasons_of(outcome.details);
    if (outcome.message.empty()) {
        show_certificate(outcome);
        log_.info("Deployment applied.", {{"deploymentId", m.deployment_id}});
    } else {
        log_.error("Deployment failed.",
                   {{"deploymentId", m.deployment_id}, {"reason", outcome.message}});
    }
    co_return outcome;
}

}  // namespace evergrass::edge

#include "edge/keys/core_keys.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pkcs11/errors.hpp"

#include <sys/stat.h>
#include <thread>

namespace evergrass::edge {
namespace {

constexpr std::size_t most_pem_bytes = 1024 * 1024;

std::string next_step(const error& why) {
    if (why.code == errc::denied) {
        return "correct crypto.PKCS11.slotUserPin in config.json and restart";
    }
    if (why.code == pkcs11::fault::no_session) {
        return "close other programs that use the token; it is tried again at each use";
    }
    return "put the token back; it is tried again at each use";
}

bool others_may_read(const std::filesystem::path& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

std::string member_of(std::string_view principal) {
    return "'crypto.principals." + std::string(principal) + ".privateKeyPath' in config.json";
}

result<void> check(const std::string& principal, const result<pki::private_key>& key,
                   bool is_for_secrets) {
    const auto member = member_of(principal);
    if (!key) {
        return with_context(key.error(), member);
    }
    if (is_for_secrets && !key->is_rsa()) {
        return error{errc::unsupported,
                     member + " is of an elliptic curve: secrets take an RSA key"};
    }
    if (!key->is_for_servers()) {
        return error{errc::unsupported, member +
                                            " is neither RSA of 2048 bits or more nor of "
                                            "P-256 or P-384: give another key"};
    }
    return {};
}

}  // namespace

core_keys::core_keys(const core_config& config, logger log)
    : config_(config),
      log_(std::move(log)),
      refused_(config.write_directory / "var/state/pin-refused.json", config.file) {
    if (!config_.token) {
        return;
    }
    pkcs11::uri named;
    named.token = config_.token->slot_label;
    named.module_path = config_.token->provider;
    const auto on_change = [log = log_, refused = refused_](const error* trouble) {
        if (trouble == nullptr) {
            log.info("The token that has the core's keys can be used again.");
            return;
        }
        if (trouble->code == errc::denied) {
            (void)refused.keep(trouble->message());
        }
        log.error("The token that has the core's keys cannot be used.",
                  {{"reason", *trouble}, {"next", next_step(*trouble)}});
    };
    token_ = pkcs11::attached_token::make(std::move(named), config_.token->user_pin, on_change);
}

result<void> core_keys::open() {
    if (token_) {
        if (others_may_read(config_.file)) {
            log_.warn("The token's PIN may be read by others than its owner.",
                      {{"file", config_.file.string()}, {"next", "chmod 600 it"}});
        }
        if (const auto why = refused_.refusal()) {
            return error{errc::denied, *why +
                                           ". It was not tried again: correct "
                                           "crypto.PKCS11.slotUserPin in config.json, or touch "
                                           "the file when its PIN is right now"};
        }
        if (const auto in = log_in(); !in) {
            if (in.error().code == errc::denied) {
                (void)refused_.keep(in.error().message());
            }
            return with_context(in.error(), "'crypto.PKCS11' in config.json");
        }
        refused_.drop();
    }
    // Keys in files are checked with their certificates, as they always were.
    if (config_.private_key.object) {
        if (auto fits = check("IoTCertificate", own(), false); !fits) {
            return fits;
        }
    }
    if (has_servers()) {
        if (auto fits = check("MQTTServerCertificate", servers(), false); !fits) {
            return fits;
        }
    }
    const bool is_own = config_.secrets_key.shown() == config_.private_key.shown();
    return is_own ? result<void>() : check("SecretsManager", secrets(), true);
}

result<void> core_keys::log_in() {
    constexpr std::chrono::milliseconds between{200};
    auto in = token_->attach();
    for (std::chrono::milliseconds waited{0};
         !in && in.error().code == pkcs11::fault::no_session && waited < session_wait;
         waited += between) {
        if (waited.count() == 0) {
            log_.warn("The token has no session left: waiting for one.",
                      {{"reason", in.error()},
                       {"seconds", static_cast<std::int64_t>(session_wait.count())}});
        }
        std::this_thread::sleep_for(between);
        in = token_->attach();
    }
    return in;
}

result<pki::private_key> core_keys::receiving() const {
    auto key = secrets();
    return key && !key->is_rsa() ? own() : key;
}

result<void> core_keys::receiving_opens() const {
    const auto key = secrets();
    return key && !key->is_rsa() ? own_opens() : opens("SecretsManager", config_.secrets_key);
}

result<void> core_keys::opens(std::string_view principal, const key_place& place) const {
    if (!place.object) {
        return {};
    }
    auto opened = token_->try_opening(*place.object);
    if (opened) {
        return opened;
    }
    auto why = with_context(opened.error(), member_of(principal));
    if (why.code == errc::denied || why.code == errc::unsupported) {
        why.context +=
            "; make a key that may (CKA_DECRYPT for RSA, CKA_DERIVE for an elliptic curve), or "
            "name an RSA key in crypto.principals.SecretsManager.privateKeyPath";
    }
    return why;
}

result<pki::private_key> core_keys::find(const key_place& place) const {
    if (place.object) {
        auto key = token_->private_key(*place.object);
        return key ? result<pki::private_key>(pki::private_key(std::move(*key))) : key.error();
    }
    const auto pem = read_file(place.file, most_pem_bytes);
    if (!pem) {
        return with_context(pem.error(), "a file that config.json names");
    }
    auto key = pki::private_key::from_pem(*pem);
    return key ? key : with_context(key.error(), place.file.string());
}

bool core_keys::signs_pss(const key_place& place) const {
    return !place.object || token_->signs_pss();
}

result<rt::held_identity> core_keys::identity() const {
    auto chain = read_file(config_.certificate_path, most_pem_bytes);
    if (!chain) {
        return with_context(chain.error(), "a file that config.json names");
    }
    auto key = own();
    if (!key) {
        return key.error();
    }
    return rt::held_identity{std::move(*chain), key->shared(), signs_pss(config_.private_key)};
}

}  // namespace evergrass::edge

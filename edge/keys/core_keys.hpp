#pragma once

#include "edge/config/config.hpp"
#include "edge/keys/pin_note.hpp"
#include "libs/base/log.hpp"
#include "libs/pkcs11/attached_token.hpp"
#include "libs/pki/private_key.hpp"
#include "libs/rt/held_key.hpp"

#include <chrono>
#include <memory>

namespace evergrass::edge {

// The private keys of config.json's `crypto.principals` (spec/core.md §3, §17): in files, which are
// read at each use, or in the token. Any thread. What a key in the token signs or opens blocks its
// thread for as long as the token takes, and waits for the other threads' turns.
class core_keys {
public:
    core_keys(const core_config& config, logger log);

    // Logs in to the token, where one is named, and looks whether each key is there and of a kind
    // that its principal takes. The error says what is wrong and what to do. A PIN that was wrong
    // is not tried again, by a restart neither, until config.json changes: the token would lock.
    // Where other programs have all sessions of the token, waits for one, for session_wait at most.
    result<void> open();
    // Half of what `greengrassd start` waits for.
    static constexpr std::chrono::seconds session_wait{15};

    result<pki::private_key> own() const { return find(config_.private_key); }
    result<pki::private_key> secrets() const { return find(config_.secrets_key); }
    // The owner's key of the local MQTT server.
    bool has_servers() const { return config_.server_key.has_value(); }
    result<pki::private_key> servers() const { return find(*config_.server_key); }

    // The core's certificate, as it is on disk now, and its key.
    result<rt::held_identity> identity() const;
    // Whether RSA keys of this place sign by PSS.
    bool signs_pss(const key_place& place) const;
    // The key for which the service is asked to seal secrets anew: secrets() where that is RSA, as
    // it has to be, else own().
    result<pki::private_key> receiving() const;
    // Whether this key opens what is sealed for it. One in a file does; one in the token is tried.
    // The error names the member of config.json and says what to do.
    result<void> own_opens() const { return opens("IoTCertificate", config_.private_key); }
    result<void> receiving_opens() const;
    bool servers_sign_pss() const { return !has_servers() || signs_pss(*config_.server_key); }

private:
    result<void> log_in();
    result<void> opens(std::string_view principal, const key_place& place) const;
    result<pki::private_key> find(const key_place& place) const;

    core_config config_;
    logger log_;
    pin_note refused_;
    std::shared_ptr<pkcs11::attached_token> token_;  // null: all keys are in files
};

}  // namespace evergrass::edge

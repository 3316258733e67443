#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace evergrass::doctor {

// What config.json says of keys in hardware (spec/core.md §3, §17).
struct token_settings {
    std::string provider;    // crypto.PKCS11.P11Provider
    std::string slot_label;  // slotLabel
    std::string pin;         // slotUserPin; told to nobody
    struct principal {
        std::string name;  // "IoTCertificate", "MQTTServerCertificate", "SecretsManager"
        std::string uri;   // pkcs11:…
    };
    std::vector<principal> principals;  // those with a key in the token
};

// nullopt: no key of it is in a token. Errors: the text is no JSON object. Outside bytes.
result<std::optional<token_settings>> read_token_settings(std::string_view config);

struct token_key {
    std::string principal;
    std::string error;  // why it can't be used; empty: it signed
    bool is_rsa = false;
    // Of IoTCertificate: whether what it signed is good by the certificate's key. nullopt: there is
    // no certificate to compare with.
    std::optional<bool> matches;
    // Of IoTCertificate: why it opens no secrets of a deployment; empty: it does.
    std::string opening_error = {};
    // As TLS uses it, by the log-in of this look. Null where there is an error.
    std::shared_ptr<evp_pkey_st> handle = nullptr;
};

struct token_facts {
    bool is_used = false;  // by config.json
    std::string module;
    std::string label;
    std::string error;  // why it can't be opened
    std::vector<token_key> keys;
    bool lacks_session = false;  // other programs have them all
    bool core_runs = false;      // the core of this config.json, which holds one
    bool signs_pss = false;      // its RSA keys do
    // SecretsManager has another key than IoTCertificate, wherever that is.
    bool secrets_have_a_key = false;
};

// Logs in with the PIN once, and signs with each key. The keys' handles go on with that log-in.
// `certificate_pem`: of IoTCertificate; empty: there is none.
token_facts look_at_token(const token_settings& settings, const std::string& certificate_pem);

}  // namespace evergrass::doctor

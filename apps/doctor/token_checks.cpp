#include "apps/doctor/checks.hpp"
#include "apps/doctor/token_facts.hpp"

#include <algorithm>

namespace evergrass::doctor {
namespace {

judgement opens(const token_facts& token) {
    if (!token.is_used) {
        return skipped("no key of config.json is in a token");
    }
    if (token.module.empty() || token.label.empty()) {
        return failed("crypto.PKCS11 of config.json names no P11Provider or no slotLabel",
                      "give both: the module's library, and the token's label");
    }
    if (token.lacks_session && token.core_runs) {
        return warning(token.error + "; the running core holds it, by which it works",
                       "stop the core and look again, or ask it: 'evergrass link'");
    }
    if (token.lacks_session) {
        return failed(token.error, "end what holds the token's sessions, or raise their limit");
    }
    return token.error.empty()
               ? ok("token '" + token.label + "' of " + token.module)
               : failed(token.error,
                        "look at it with 'pkcs11-tool --module " + token.module +
                            " --list-slots'. Don't try a PIN again and again: tokens lock");
}

judgement key_of(const token_facts& token, std::string_view principal) {
    const auto key = std::find_if(token.keys.begin(), token.keys.end(),
                                  [&](const auto& one) { return one.principal == principal; });
    if (key == token.keys.end()) {
        return skipped(token.is_used && !token.error.empty()
                           ? "the token could not be opened"
                           : "crypto.principals." + std::string(principal) +
                                 " names no key in a token");
    }
    const auto member = "crypto.principals." + std::string(principal) + ".privateKeyPath";
    if (!key->error.empty()) {
        return failed(key->error, "correct " + member + ", or make the key with CKA_SIGN");
    }
    if (key->matches == false) {
        return failed("the key in the token is not the certificate's",
                      "name the right object in " + member +
                          ", or the certificate that was made "
                          "for this key in certificatePath");
    }
    return ok(std::string(key->is_rsa ? "RSA" : "EC") + ", it signs" +
              (key->matches ? ", and the certificate is its" : ""));
}

judgement certificate_key(const token_facts& token) {
    return key_of(token, "IoTCertificate");
}

judgement server_key(const token_facts& token) {
    return key_of(token, "MQTTServerCertificate");
}

// V1's secrets are unwrapped by RSA (spec/core.md §16, §17).
judgement secrets_key(const token_facts& token) {
    const auto judged = key_of(token, "SecretsManager");
    for (const auto& key : token.keys) {
        if (key.principal == "SecretsManager" && key.error.empty() && !key.is_rsa) {
            return failed("the key for secrets is no RSA key",
                          "name an RSA key of 2048 bits or more in "
                          "crypto.principals.SecretsManager.privateKeyPath");
        }
    }
    return judged;
}

// What a deployment's secrets are sealed for, unless SecretsManager has an RSA key.
judgement opens_secrets(const token_facts& token) {
    const auto key = std::find_if(token.keys.begin(), token.keys.end(), [](const auto& one) {
        return one.principal == "IoTCertificate";
    });
    if (key == token.keys.end() || !key->error.empty()) {
        return skipped("the key of IoTCertificate is in no token, or was not found");
    }
    if (key->opening_error.empty()) {
        return ok("the key of IoTCertificate opens what is sealed for it");
    }
    if (token.secrets_have_a_key) {
        return ok(
            "the service seals them for the key of SecretsManager, as that of "
            "IoTCertificate opens none");
    }
    return warning("the key of IoTCertificate opens no secrets: " + key->opening_error,
                   "where the group has secrets, name an RSA key in "
                   "crypto.principals.SecretsManager.privateKeyPath: the service then seals them "
                   "for that one; or make a key with CKA_DERIVE (RSA: CKA_DECRYPT)");
}

}  // namespace

const std::vector<check<token_facts>>& token_checks() {
    static const std::vector<check<token_facts>> table = {
        {"token.open", opens},
        {"token.certificate-key", certificate_key},
        {"token.server-key", server_key},
        {"token.secrets-key", secrets_key},
        {"token.opens-secrets", opens_secrets},
    };
    return table;
}

}  // namespace evergrass::doctor

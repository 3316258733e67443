#pragma once

#include "cloud/store/master_key.hpp"
#include "libs/pkcs11/uri.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// How a program is told the PIN, where the URI has no pin-source.
inline constexpr const char* pin_variable = "EVERGRASS_PKCS11_PIN";

// An RSA or AES key in a PKCS#11 token, docs/formats/master-key.md. The token is opened for each
// use, of which a program has one, and its PIN tried once.
class token_master_key final : public master_key {
public:
    // `text` is a PKCS#11 URI. The PIN is in the file that its pin-source names, which is its
    // owner's alone, or in `pin_variable` as `environment` finds it. Errors name the place of the
    // PIN, never the PIN; one in the URI itself, which anybody can see who lists processes, is
    // refused.
    static result<std::unique_ptr<token_master_key>> make(
        std::string_view text, const std::function<const char*(const char* name)>& environment);

    // Errors of pkcs11::token, which name it.
    result<std::string> wrap(std::string_view plain) override;
    result<std::string> unwrap(std::string_view wrapped) override;

private:
    token_master_key(pkcs11::uri named, std::string pin)
        : named_(std::move(named)), pin_(std::move(pin)) {}

    pkcs11::uri named_;
    std::string pin_;
};

// The master key at `place`: a PKCS#11 URI, or a file's path.
result<std::unique_ptr<master_key>> master_key_at(
    const std::string& place, const std::function<const char*(const char* name)>& environment);

}  // namespace evergrass::cloud

#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::edge {

// The one key whose signature makes a manifest a deployment of this core: provisioned by the owner
// (crypto.deploymentSigningKeyPath), or taken from the service once, over mutual TLS, and kept.
class signing_key {
public:
    // `provisioned` is the owner's file; `kept` where a key that was taken is stored.
    signing_key(std::optional<std::filesystem::path> provisioned, std::filesystem::path kept);

    // Reads whichever is there. False: none yet, take one with keep(). A file that cannot be read
    // or is no key is an error: the core then trusts nobody rather than anybody.
    result<bool> load();

    // Stores the key of the first contact. errc::conflict when there is one already.
    result<void> keep(const std::string& public_key_pem);

    // The manifest inside, when the signature is this key's. errc::denied says what to do when the
    // service has another key.
    result<contract::manifest> open(const contract::signed_manifest& sealed) const;

    // Whether the signature is this key's.
    result<void> verify(const contract::signed_manifest& sealed) const;

    bool known() const { return !public_key_pem_.empty(); }

private:
    std::optional<std::filesystem::path> provisioned_;
    std::filesystem::path kept_;
    std::string public_key_pem_;
};

}  // namespace evergrass::edge

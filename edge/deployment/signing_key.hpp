#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::edge {

// The one key whose signature makes a manifest a deployment of this core: provisioned by the owner
// (crypto.deploymentSigningKeyPath), or taken from the service once, over mutual TLS, and kept.
// Beside it the owner's own: made on this machine for what is deployed on this machine, by its
// socket alone.
class signing_key {
public:
    // `provisioned` is the owner's file; `kept` where a key that was taken is stored; `owners`
    // where the private key of local deployments is.
    signing_key(std::optional<std::filesystem::path> provisioned, std::filesystem::path kept,
                std::filesystem::path owners = {});

    // Reads whichever is there. False: none yet, take one with keep(). A file that cannot be read
    // or is no key is an error: the core then trusts nobody rather than anybody.
    result<bool> load();

    // Stores the key of the first contact. errc::conflict when there is one already.
    result<void> keep(const std::string& public_key_pem);

    // Signs what the owner deploys on this machine. The key is made at the first call: Ed25519,
    // 0600.
    result<contract::signed_manifest> sign_as_owner(std::string manifest_text) const;

    // The manifest inside, when the signature is this key's or the owner's. errc::denied says what
    // to do when the service has another key.
    result<contract::manifest> open(const contract::signed_manifest& sealed) const;

    // Whether the signature is this key's.
    result<void> verify(const contract::signed_manifest& sealed) const;

    bool known() const { return !public_key_pem_.empty(); }

private:
    std::optional<std::filesystem::path> provisioned_;
    result<contract::manifest> open_as_owner(const contract::signed_manifest& sealed) const;

    std::filesystem::path kept_;
    std::filesystem::path owners_;
    std::string public_key_pem_;
};

}  // namespace evergrass::edge

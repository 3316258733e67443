#pragma once

#include "contract/manifest.hpp"
#include "libs/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace evergrass::cloud {

// Signs deployments with the service's one Ed25519 key, whose public half the cores keep. Any
// thread.
class deployment_signer {
public:
    // `private_key_pem`: PKCS#8. The error says what is wrong with the key, never the key.
    static result<deployment_signer> make(std::string private_key_pem);

    result<contract::signed_manifest> sign(std::string manifest_text) const;

    const std::string& public_key_pem() const { return public_key_pem_; }
    // SHA-256 of the public key's PEM text, hex.
    const std::string& key_id() const { return key_id_; }

private:
    deployment_signer(std::string private_key, std::string public_key, std::string id)
        : private_key_pem_(std::move(private_key)),
          public_key_pem_(std::move(public_key)),
          key_id_(std::move(id)) {}

    std::string private_key_pem_;
    std::string public_key_pem_;
    std::string key_id_;
};

}  // namespace evergrass::cloud

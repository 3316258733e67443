#include "cloud/greengrass/deployment_signer.hpp"

#include "libs/base/digest.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud {

result<deployment_signer> deployment_signer::make(std::string private_key_pem) {
    auto public_key = pki::public_key_of(private_key_pem);
    if (!public_key) {
        return with_context(public_key.error(), "the key that signs deployments");
    }
    auto id = sha256_hex(*public_key);
    deployment_signer signer(std::move(private_key_pem), std::move(*public_key), std::move(id));
    // A key of another kind is found here and not at the first deployment.
    if (auto tried = signer.sign("{}"); !tried) {
        return tried.error();
    }
    return signer;
}

result<contract::signed_manifest> deployment_signer::sign(std::string manifest_text) const {
    auto signature = pki::sign_ed25519(private_key_pem_, manifest_text);
    if (!signature) {
        return with_context(signature.error(), "the key that signs deployments");
    }
    return contract::signed_manifest{std::move(manifest_text), std::move(*signature), key_id_};
}

}  // namespace evergrass::cloud

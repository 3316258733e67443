#include "edge/deployment/signing_key.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::edge {
namespace {

constexpr std::size_t max_key_bytes = 16 * 1024;

bool looks_like_a_public_key(const std::string& pem) {
    return pem.find("-----BEGIN PUBLIC KEY-----") != std::string::npos;
}

}  // namespace

signing_key::signing_key(std::optional<std::filesystem::path> provisioned,
                         std::filesystem::path kept)
    : provisioned_(std::move(provisioned)), kept_(std::move(kept)) {}

result<bool> signing_key::load() {
    const auto path = provisioned_.value_or(kept_);
    std::error_code missing;
    if (!provisioned_ && !std::filesystem::exists(path, missing)) {
        return false;
    }
    auto pem = read_file(path, max_key_bytes);
    if (!pem) {
        return with_context(pem.error(), "the service's deployment-signing key");
    }
    if (!looks_like_a_public_key(*pem)) {
        return error{errc::corrupt, path.string() +
                                        " is not a public key in PEM. Put the service's "
                                        "deployment-signing key there again" +
                                        (provisioned_ ? ""
                                                      : ", or remove the file to take the "
                                                        "key at the next contact")};
    }
    public_key_pem_ = std::move(*pem);
    return true;
}

result<void> signing_key::keep(const std::string& public_key_pem) {
    if (known()) {
        return error{errc::conflict, "this core has a deployment-signing key already"};
    }
    if (!looks_like_a_public_key(public_key_pem)) {
        return error{errc::invalid_input, "the service's deployment-signing key is not PEM"};
    }
    if (auto made = make_directories(kept_.parent_path(), 0700); !made) {
        return made;
    }
    if (auto written = write_file_atomically(kept_, public_key_pem, 0644); !written) {
        return written;
    }
    public_key_pem_ = public_key_pem;
    return {};
}

result<void> signing_key::verify(const contract::signed_manifest& sealed) const {
    const auto verified =
        pki::verify_ed25519(public_key_pem_, sealed.manifest_text, sealed.signature);
    if (!verified) {
        return error{errc::denied,
                     "the deployment is not signed with the key that this core trusts (" +
                         provisioned_.value_or(kept_).string() +
                         "). If the service was set up anew on purpose, replace that file with its "
                         "deployment-signing key, or remove it when it was not provisioned"};
    }
    return {};
}

result<contract::manifest> signing_key::open(const contract::signed_manifest& sealed) const {
    if (const auto verified = verify(sealed); !verified) {
        return verified.error();
    }
    return contract::parse_manifest(sealed.manifest_text);
}

}  // namespace evergrass::edge

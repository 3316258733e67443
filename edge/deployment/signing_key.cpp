#include "edge/deployment/signing_key.hpp"

#include "libs/base/digest.hpp"
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
                         std::filesystem::path kept, std::filesystem::path owners)
    : provisioned_(std::move(provisioned)), kept_(std::move(kept)), owners_(std::move(owners)) {}

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

result<contract::signed_manifest> signing_key::sign_as_owner(std::string manifest_text) const {
    auto key = read_file(owners_, max_key_bytes);
    std::error_code missing;
    if (!key && std::filesystem::exists(owners_, missing)) {
        return with_context(key.error(), "the key of this core's local deployments");
    }
    if (!key) {
        if (auto made = make_directories(owners_.parent_path(), 0700); !made) {
            return made.error();
        }
        key = pki::generate_ed25519_key();
        if (auto written = write_file_atomically(owners_, *key, 0600); !written) {
            return written.error();
        }
    }
    auto signature = pki::sign_ed25519(*key, manifest_text);
    const auto public_key = pki::public_key_of(*key);
    if (!signature || !public_key) {
        return error{errc::corrupt,
                     owners_.string() +
                         " is no private key. Remove it: another is made at the next "
                         "local deployment"};
    }
    return contract::signed_manifest{std::move(manifest_text), std::move(*signature),
                                     sha256_hex(*public_key)};
}

// errc::not_found: it isn't the owner's at all.
result<contract::manifest> signing_key::open_as_owner(
    const contract::signed_manifest& sealed) const {
    const auto key = read_file(owners_, max_key_bytes);
    const auto public_key = key ? pki::public_key_of(*key) : key.error();
    if (!public_key || sha256_hex(*public_key) != sealed.key_id) {
        return error{errc::not_found, {}};
    }
    const auto verified = pki::verify_ed25519(*public_key, sealed.manifest_text, sealed.signature);
    if (!verified) {
        return error{errc::denied,
                     "the signature of this core's local deployment is wrong: it is "
                     "damaged. Deploy again"};
    }
    return contract::parse_manifest(sealed.manifest_text);
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
    if (auto owners = open_as_owner(sealed); owners || owners.error().code != errc::not_found) {
        return owners;
    }
    if (const auto verified = verify(sealed); !verified) {
        return verified.error();
    }
    return contract::parse_manifest(sealed.manifest_text);
}

}  // namespace evergrass::edge

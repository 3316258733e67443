#include "libs/base/errors.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"

#include <openssl/err.h>

namespace evergrass::pki {
namespace {

using digest_ptr = std::unique_ptr<EVP_MD_CTX, detail::freed_by<EVP_MD_CTX_free>>;
constexpr std::size_t signature_size = 64;

result<void> require_ed25519(EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        return error{errc::invalid_input, "the key is not an Ed25519 key"};
    }
    return {};
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

result<std::string> sign_ed25519(std::string_view private_key_pem, std::string_view message) {
    auto key = detail::parse_private_key(private_key_pem);
    if (!key) {
        return key.error();
    }
    if (auto right = require_ed25519(key->get()); !right) {
        return right.error();
    }
    const digest_ptr context(EVP_MD_CTX_new());
    std::string signature(signature_size, '\0');
    std::size_t size = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key->get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       bytes_of(message), message.size()) != 1 ||
        size != signature_size) {
        return detail::openssl_error("cannot sign");
    }
    return signature;
}

result<void> verify_ed25519(std::string_view public_key_pem, std::string_view message,
                            std::string_view signature) {
    auto key = detail::parse_public_key(public_key_pem);
    if (!key) {
        return key.error();
    }
    if (auto right = require_ed25519(key->get()); !right) {
        return right.error();
    }
    const digest_ptr context(EVP_MD_CTX_new());
    const bool good =
        signature.size() == signature_size &&
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key->get()) == 1 &&
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                         message.size()) == 1;
    ERR_clear_error();
    if (!good) {
        return error{errc::denied, "the signature does not belong to the message and the key"};
    }
    return {};
}

}  // namespace evergrass::pki

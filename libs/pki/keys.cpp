#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"

#include <openssl/pem.h>

#include <stdexcept>

namespace evergrass::pki {
namespace {

std::string private_pem(detail::key_ptr key, const char* kind) {
    const detail::bio_ptr bio(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1) {
        throw std::runtime_error(std::string("OpenSSL cannot make a key: ") + kind);
    }
    return detail::text_of(bio.get());
}

}  // namespace

std::string generate_rsa_key(int bits) {
    return private_pem(detail::key_ptr(EVP_RSA_gen(static_cast<unsigned>(bits))), "RSA");
}

std::string generate_ec_key() {
    return private_pem(detail::key_ptr(EVP_EC_gen("P-256")), "P-256");
}

std::string generate_ed25519_key() {
    return private_pem(detail::key_ptr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "Ed25519");
}

result<std::string> public_key_of(std::string_view private_key_pem) {
    auto key = detail::parse_private_key(private_key_pem);
    if (!key) {
        return key.error();
    }
    return detail::public_key_pem(key->get());
}

}  // namespace evergrass::pki

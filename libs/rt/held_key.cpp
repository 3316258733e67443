#include "libs/rt/held_key.hpp"

#include "libs/rt/tls_parts.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace evergrass::rt {
namespace {

constexpr const char* without_pss =
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512";

int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

result<held_identity> held(const tls_identity& identity) {
    ERR_clear_error();
    BIO* const text =
        BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size()));
    held_identity made{
        identity.chain_pem,
        {PEM_read_bio_PrivateKey(text, nullptr, no_pass_phrase, nullptr), EVP_PKEY_free},
        true};
    BIO_free(text);
    if (!made.key) {
        return detail::openssl_failure("the private key cannot be read");
    }
    return made;
}

result<void> use_identity(SSL_CTX* context, const held_identity& identity) {
    ERR_clear_error();
    if (auto used = detail::use_chain(context, identity.chain_pem); !used) {
        return used.error();
    }
    auto* key = identity.key.get();
    if (SSL_CTX_use_PrivateKey(context, key) != 1 || SSL_CTX_check_private_key(context) != 1) {
        return detail::openssl_failure("the private key does not belong to the certificate");
    }
    if (!identity.signs_pss && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        if (SSL_CTX_set1_sigalgs_list(context, without_pss) != 1) {
            return detail::openssl_failure("OpenSSL has none of the signature algorithms");
        }
    }
    return {};
}

}  // namespace evergrass::rt

#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
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

std::optional<std::string> detail::generate_rsa_key(const std::atomic<bool>& stops, int bits) {
    const std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits) != 1) {
        return private_pem(nullptr, "RSA");
    }
    EVP_PKEY_CTX_set_app_data(context.get(), const_cast<std::atomic<bool>*>(&stops));
    EVP_PKEY_CTX_set_cb(context.get(), [](EVP_PKEY_CTX* in) {
        return static_cast<const std::atomic<bool>*>(EVP_PKEY_CTX_get_app_data(in))->load() ? 0 : 1;
    });
    EVP_PKEY* made = nullptr;
    if (EVP_PKEY_generate(context.get(), &made) != 1 && stops) {
        ERR_clear_error();
        return std::nullopt;
    }
    return private_pem(key_ptr(made), "RSA");
}

std::string generate_ec_key() {
    return private_pem(detail::key_ptr(EVP_EC_gen("P-256")), "P-256");
}

std::string generate_ed25519_key() {
    return private_pem(detail::key_ptr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "Ed25519");
}

result<std::string> public_key_of(std::string_view private_key_pem) {
    const auto key = private_key::from_pem(private_key_pem);
    return key ? result<std::string>(public_key_of(*key)) : key.error();
}

std::string public_key_of(const private_key& key) {
    return detail::public_key_pem(key.handle());
}

result<private_key> private_key::from_pem(std::string_view pem) {
    auto key = detail::parse_private_key(pem);
    if (!key) {
        return key.error();
    }
    return private_key(std::shared_ptr<evp_pkey_st>(key->release(), EVP_PKEY_free));
}

bool private_key::is_rsa() const {
    return EVP_PKEY_get_base_id(handle_.get()) == EVP_PKEY_RSA;
}

bool private_key::is_for_servers() const {
    constexpr int fewest_bits = 2'048;
    if (is_rsa()) {
        return EVP_PKEY_get_bits(handle_.get()) >= fewest_bits;
    }
    std::array<char, 32> curve{};
    std::size_t size = 0;
    if (EVP_PKEY_get_base_id(handle_.get()) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(handle_.get(), curve.data(), curve.size(), &size) != 1) {
        return false;
    }
    const std::string_view name(curve.data(), size);
    return name == SN_X9_62_prime256v1 || name == SN_secp384r1;
}

}  // namespace evergrass::pki

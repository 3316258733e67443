#include "libs/pkcs11/rsa_public.hpp"

#include "libs/base/errors.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <memory>

namespace evergrass::pkcs11 {
namespace {

constexpr int fewest_bits = 2'048;

struct free_number {
    void operator()(BIGNUM* number) const { BN_free(number); }
};
struct free_builder {
    void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
struct free_parameters {
    void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
struct free_context {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
struct free_key {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using number = std::unique_ptr<BIGNUM, free_number>;
using context = std::unique_ptr<EVP_PKEY_CTX, free_context>;
using public_key = std::unique_ptr<EVP_PKEY, free_key>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

number number_of(std::string_view bytes) {
    return number(BN_bin2bn(raw(bytes), static_cast<int>(bytes.size()), nullptr));
}

public_key key_of(std::string_view modulus, std::string_view exponent) {
    const auto n = number_of(modulus);
    const auto e = number_of(exponent);
    const std::unique_ptr<OSSL_PARAM_BLD, free_builder> builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
        return nullptr;
    }
    const std::unique_ptr<OSSL_PARAM, free_parameters> parameters(
        OSSL_PARAM_BLD_to_param(builder.get()));
    const context making(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* made = nullptr;
    if (!making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
        EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return public_key(made);
}

}  // namespace

result<std::string> encrypt_for(std::string_view modulus, std::string_view exponent,
                                std::string_view plain) {
    const auto key = key_of(modulus, exponent);
    if (!key) {
        return error{errc::corrupt, "its public half is no RSA key"};
    }
    if (EVP_PKEY_get_bits(key.get()) < fewest_bits) {
        return error{errc::unsupported, "it has less than 2048 bits"};
    }
    const context work(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    std::size_t size = 0;
    if (!work || EVP_PKEY_encrypt_init(work.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(work.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(work.get(), EVP_sha1()) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(work.get(), EVP_sha1()) != 1 ||
        EVP_PKEY_encrypt(work.get(), nullptr, &size, raw(plain), plain.size()) != 1) {
        return error{errc::unsupported, "OpenSSL cannot encrypt for it"};
    }
    std::string sealed(size, '\0');
    if (EVP_PKEY_encrypt(work.get(), reinterpret_cast<unsigned char*>(sealed.data()), &size,
                         raw(plain), plain.size()) != 1) {
        return error{errc::unsupported, "OpenSSL cannot encrypt for it"};
    }
    sealed.resize(size);
    return sealed;
}

}  // namespace evergrass::pkcs11

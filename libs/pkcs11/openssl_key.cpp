// OpenSSL 3 has no PKCS#11 of its own, and Debian 12 no provider for it. Keys with method tables,
// deprecated as they are, go through TLS, requests and CMS as any other key.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "libs/pkcs11/openssl_key.hpp"

#include "libs/base/errors.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace evergrass::pkcs11 {
namespace {

struct held {
    std::shared_ptr<attached_token> in;
    uri object;
};

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using number = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using rsa_key = std::unique_ptr<RSA, freed_by<RSA_free>>;
using ec_key = std::unique_ptr<EC_KEY, freed_by<EC_KEY_free>>;
using owned_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

void free_held(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<held*>(data);
}

int rsa_index() {
    static const int index = RSA_get_ex_new_index(0, nullptr, nullptr, nullptr, free_held);
    return index;
}

int ec_index() {
    static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, nullptr, free_held);
    return index;
}

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text(const unsigned char* bytes, int size) {
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

// An exception must not cross OpenSSL's C frames. What a module that uses OpenSSL too leaves in the
// queue of errors would be taken for one of the handshake's.
template <class Use>
result<std::string> ask(const void* data, const Use& use) {
    const auto* key = static_cast<const held*>(data);
    if (key == nullptr) {
        return error{errc::unsupported, "a key without its token"};
    }
    ERR_set_mark();
    result<std::string> done = error{errc::unavailable, "no memory"};
    try {
        done = use(*key);
    } catch (...) {
        done = error{errc::unavailable, "an exception"};
    }
    ERR_pop_to_mark();
    return done;
}

int rsa_outcome(const result<std::string>& done, unsigned char* to, const RSA* rsa) {
    const auto room = static_cast<std::size_t>(RSA_size(rsa));
    if (!done || done->size() > room) {
        ERR_raise(ERR_LIB_RSA, ERR_R_OPERATION_FAIL);
        return -1;
    }
    std::copy_n(raw(*done), done->size(), to);
    return static_cast<int>(done->size());
}

int sign_by_rsa(int size, const unsigned char* from, unsigned char* to, RSA* rsa, int padded) {
    const auto how = padded == RSA_PKCS1_PADDING ? signing::rsa_pkcs1 : signing::rsa_raw;
    if (padded != RSA_PKCS1_PADDING && padded != RSA_NO_PADDING) {
        ERR_raise(ERR_LIB_RSA, ERR_R_UNSUPPORTED);
        return -1;
    }
    const auto done = ask(RSA_get_ex_data(rsa, rsa_index()), [&](const held& key) {
        return key.in->sign(key.object, how, text(from, size));
    });
    return rsa_outcome(done, to, rsa);
}

int decrypt_by_rsa(int size, const unsigned char* from, unsigned char* to, RSA* rsa, int padded) {
    if (padded != RSA_PKCS1_PADDING && padded != RSA_NO_PADDING) {
        ERR_raise(ERR_LIB_RSA, ERR_R_UNSUPPORTED);
        return -1;
    }
    const auto how = padded == RSA_PKCS1_PADDING ? padding::pkcs1 : padding::none;
    const auto done = ask(RSA_get_ex_data(rsa, rsa_index()), [&](const held& key) {
        return key.in->decrypt(key.object, how, text(from, size));
    });
    return rsa_outcome(done, to, rsa);
}

// One for the process: keys share it and may outlive whoever made them.
const RSA_METHOD* rsa_method() {
    static const RSA_METHOD* const method = [] {
        auto* made = RSA_meth_dup(RSA_PKCS1_OpenSSL());
        RSA_meth_set1_name(made, "evergrass PKCS#11");
        RSA_meth_set_flags(made, RSA_FLAG_EXT_PKEY);
        RSA_meth_set_priv_enc(made, sign_by_rsa);
        RSA_meth_set_priv_dec(made, decrypt_by_rsa);
        return made;
    }();
    return method;
}

ECDSA_SIG* sign_by_ec(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*,
                      EC_KEY* ec) {
    // Of a digest that is longer than the curve its first bits count (SEC 1, 4.1.3).
    const int order = (EC_GROUP_order_bits(EC_KEY_get0_group(ec)) + 7) / 8;
    const auto done = ask(EC_KEY_get_ex_data(ec, ec_index()), [&](const held& key) {
        return key.in->sign(key.object, signing::ecdsa, text(digest, std::min(size, order)));
    });
    if (!done || done->empty() || done->size() % 2 != 0) {
        ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
        return nullptr;
    }
    const auto half = static_cast<int>(done->size() / 2);
    number r(BN_bin2bn(raw(*done), half, nullptr));
    number s(BN_bin2bn(raw(*done) + half, half, nullptr));
    ECDSA_SIG* made = r && s ? ECDSA_SIG_new() : nullptr;
    if (made != nullptr) {
        ECDSA_SIG_set0(made, r.release(), s.release());
    }
    return made;
}

int agree_by_ec(unsigned char** secret, std::size_t* size, const EC_POINT* other,
                const EC_KEY* ec) {
    const auto* group = EC_KEY_get0_group(ec);
    const auto bytes = static_cast<std::size_t>((EC_GROUP_get_degree(group) + 7) / 8);
    std::string point(1 + 2 * bytes, '\0');
    const auto wrote =
        EC_POINT_point2oct(group, other, POINT_CONVERSION_UNCOMPRESSED,
                           reinterpret_cast<unsigned char*>(point.data()), point.size(), nullptr);
    if (wrote != point.size()) {
        return 0;
    }
    const auto done = ask(EC_KEY_get_ex_data(ec, ec_index()),
                          [&](const held& key) { return key.in->agree(key.object, point, bytes); });
    auto* into = done && done->size() == bytes ? static_cast<unsigned char*>(OPENSSL_malloc(bytes))
                                               : nullptr;
    if (into == nullptr) {
        ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
        return 0;
    }
    std::copy_n(raw(*done), bytes, into);
    *secret = into;
    *size = bytes;
    return 1;
}

const EC_KEY_METHOD* ec_method() {
    static const EC_KEY_METHOD* const method = [] {
        auto* made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
        int (*sign)(int, const unsigned char*, int, unsigned char*, unsigned int*, const BIGNUM*,
                    const BIGNUM*, EC_KEY*) = nullptr;
        int (*setup)(EC_KEY*, BN_CTX*, BIGNUM**, BIGNUM**) = nullptr;
        EC_KEY_METHOD_get_sign(made, &sign, &setup, nullptr);
        EC_KEY_METHOD_set_sign(made, sign, setup, sign_by_ec);
        EC_KEY_METHOD_set_compute_key(made, agree_by_ec);
        return made;
    }();
    return method;
}

error no_key() {
    ERR_clear_error();
    return {errc::unsupported,
            "the token's key cannot be used by TLS: take RSA of 2048 bits or more, or an elliptic "
            "curve, P-256 or P-384"};
}

std::shared_ptr<EVP_PKEY> shared(owned_key key) {
    return std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free);
}

result<std::shared_ptr<EVP_PKEY>> rsa_of(std::unique_ptr<held> key, const public_half& half) {
    number n(BN_bin2bn(raw(half.modulus), static_cast<int>(half.modulus.size()), nullptr));
    number e(BN_bin2bn(raw(half.exponent), static_cast<int>(half.exponent.size()), nullptr));
    rsa_key rsa(RSA_new());
    owned_key made(EVP_PKEY_new());
    constexpr int fewest_bits = 2'048;
    if (!n || !e || !rsa || !made || BN_num_bits(n.get()) < fewest_bits ||
        RSA_set_method(rsa.get(), rsa_method()) != 1 ||
        RSA_set0_key(rsa.get(), n.release(), e.release(), nullptr) != 1) {
        return no_key();
    }
    RSA_set_flags(rsa.get(), RSA_FLAG_EXT_PKEY);
    RSA_set_ex_data(rsa.get(), rsa_index(), key.release());
    if (EVP_PKEY_assign_RSA(made.get(), rsa.get()) != 1) {
        return no_key();
    }
    (void)rsa.release();
    return shared(std::move(made));
}

result<std::shared_ptr<EVP_PKEY>> ec_of(std::unique_ptr<held> key, const public_half& half) {
    const auto* parameters = raw(half.parameters);
    ec_key ec(d2i_ECParameters(nullptr, &parameters, static_cast<long>(half.parameters.size())));
    owned_key made(EVP_PKEY_new());
    const auto* group = ec ? EC_KEY_get0_group(ec.get()) : nullptr;
    const int curve = group != nullptr ? EC_GROUP_get_curve_name(group) : NID_undef;
    if (!made || (curve != NID_X9_62_prime256v1 && curve != NID_secp384r1)) {
        return no_key();
    }
    const std::unique_ptr<EC_POINT, freed_by<EC_POINT_free>> point(EC_POINT_new(group));
    if (!point ||
        EC_POINT_oct2point(group, point.get(), raw(half.point), half.point.size(), nullptr) != 1 ||
        EC_KEY_set_public_key(ec.get(), point.get()) != 1 ||
        EC_KEY_set_method(ec.get(), ec_method()) != 1) {
        return no_key();
    }
    EC_KEY_set_ex_data(ec.get(), ec_index(), key.release());
    if (EVP_PKEY_assign_EC_KEY(made.get(), ec.get()) != 1) {
        return no_key();
    }
    (void)ec.release();
    return shared(std::move(made));
}

}  // namespace

result<std::shared_ptr<evp_pkey_st>> as_openssl_key(std::shared_ptr<attached_token> in,
                                                    const uri& object, const public_half& half) {
    auto key = std::make_unique<held>(held{std::move(in), object});
    switch (half.kind) {
        case key_kind::rsa:
            return rsa_of(std::move(key), half);
        case key_kind::ec:
            return ec_of(std::move(key), half);
        case key_kind::aes:
            break;
    }
    return no_key();
}

}  // namespace evergrass::pkcs11

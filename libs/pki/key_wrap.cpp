#include "libs/pki/key_wrap.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/openssl.hpp"

#include <openssl/err.h>
#include <openssl/rsa.h>

namespace evergrass::pki {
namespace {

constexpr int fewest_bits = 2'048;

using context_ptr = std::unique_ptr<EVP_PKEY_CTX, detail::freed_by<EVP_PKEY_CTX_free>>;

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

result<void> check_kind(const private_key& key) {
    if (!key.is_rsa() || EVP_PKEY_get_bits(key.handle()) < fewest_bits) {
        return error{errc::unsupported, "it must be an RSA key of 2048 bits or more"};
    }
    return {};
}

bool set_padding(EVP_PKEY_CTX* work, key_wrapping how) {
    if (how == key_wrapping::pkcs1) {
        return EVP_PKEY_CTX_set_rsa_padding(work, RSA_PKCS1_PADDING) == 1;
    }
    return EVP_PKEY_CTX_set_rsa_padding(work, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(work, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(work, EVP_sha256()) == 1;
}

}  // namespace

result<std::string> wrap_key(const private_key& key, key_wrapping how, std::string_view short_key) {
    if (auto fits = check_kind(key); !fits) {
        return fits.error();
    }
    const context_ptr work(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
    std::size_t size = 0;
    if (!work || EVP_PKEY_encrypt_init(work.get()) != 1 || !set_padding(work.get(), how) ||
        EVP_PKEY_encrypt(work.get(), nullptr, &size, raw(short_key), short_key.size()) != 1) {
        return detail::openssl_error("cannot wrap a key");
    }
    std::string wrapped(size, '\0');
    if (EVP_PKEY_encrypt(work.get(), reinterpret_cast<unsigned char*>(wrapped.data()), &size,
                         raw(short_key), short_key.size()) != 1) {
        return detail::openssl_error("cannot wrap a key");
    }
    wrapped.resize(size);
    return wrapped;
}

result<secret_text> unwrap_key(const private_key& key, key_wrapping how, std::string_view wrapped,
                               std::size_t bytes) {
    if (auto fits = check_kind(key); !fits) {
        return fits.error();
    }
    auto out = random_bytes(bytes);  // before, so that both ways do the same
    std::string plain(static_cast<std::size_t>(EVP_PKEY_get_size(key.handle())), '\0');
    std::size_t size = plain.size();
    const context_ptr work(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
    const bool opened = work && EVP_PKEY_decrypt_init(work.get()) == 1 &&
                        set_padding(work.get(), how) &&
                        EVP_PKEY_decrypt(work.get(), reinterpret_cast<unsigned char*>(plain.data()),
                                         &size, raw(wrapped), wrapped.size()) == 1 &&
                        size == bytes;
    ERR_clear_error();
    if (opened) {
        out.assign(plain, 0, bytes);
    }
    wipe(plain);
    return secret_text::from(out);
}

}  // namespace evergrass::pki

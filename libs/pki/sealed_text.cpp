#include "libs/pki/sealed_text.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/openssl.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace evergrass::pki {
namespace {

using namespace detail;

using pkey_context = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;

constexpr std::string_view magic = "EGS1";
constexpr char by_pkcs1 = '1';
constexpr char by_oaep = 'O';
constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t header_bytes = magic.size() + 1 + 2;  // how, length of the wrapped key

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
}

bool pad(EVP_PKEY_CTX* work, bool oaep) {
    return EVP_PKEY_CTX_set_rsa_padding(work, oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) ==
           1;
}

// By the public half of a copy: what a token holds would be asked otherwise, and it only signs.
result<std::string> wrap_key(const private_key& key, bool oaep, std::string_view data_key) {
    const auto half = parse_public_key(public_key_of(key));
    if (!half) {
        return half.error();
    }
    const pkey_context work(EVP_PKEY_CTX_new_from_pkey(nullptr, half->get(), nullptr));
    std::size_t size = 0;
    if (!work || EVP_PKEY_encrypt_init(work.get()) != 1 || !pad(work.get(), oaep) ||
        EVP_PKEY_encrypt(work.get(), nullptr, &size, raw(data_key), data_key.size()) != 1) {
        return openssl_error("the data key cannot be wrapped");
    }
    std::string wrapped(size, '\0');
    if (EVP_PKEY_encrypt(work.get(), raw(wrapped), &size, raw(data_key), data_key.size()) != 1) {
        return openssl_error("the data key cannot be wrapped");
    }
    wrapped.resize(size);
    return wrapped;
}

std::string unwrap_key(const private_key& key, bool oaep, std::string_view wrapped) {
    auto data_key = random_bytes(key_bytes);
    const pkey_context work(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
    constexpr std::size_t longest = 2'048;  // RSA of 16384 bits
    std::string plain(longest, '\0');
    std::size_t size = plain.size();
    if (work && EVP_PKEY_decrypt_init(work.get()) == 1 && pad(work.get(), oaep) &&
        EVP_PKEY_decrypt(work.get(), raw(plain), &size, raw(wrapped), wrapped.size()) == 1 &&
        size == key_bytes) {
        data_key.assign(plain, 0, key_bytes);
    }
    wipe(plain);
    ERR_clear_error();
    return data_key;
}

// With the tag at its end; empty when it does not fit.
std::string encrypt(std::string_view key, std::string_view nonce, std::string_view aad,
                    std::string_view text) {
    const cipher_context work(EVP_CIPHER_CTX_new());
    std::string out(text.size() + tag_bytes, '\0');
    int size = 0;
    if (!work ||
        EVP_EncryptInit_ex(work.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) != 1 ||
        EVP_EncryptUpdate(work.get(), nullptr, &size, raw(aad), static_cast<int>(aad.size())) !=
            1 ||
        EVP_EncryptUpdate(work.get(), raw(out), &size, raw(text), static_cast<int>(text.size())) !=
            1 ||
        EVP_EncryptFinal_ex(work.get(), raw(out) + text.size(), &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(work.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, raw(out) + text.size()) !=
            1) {
        return {};
    }
    return out;
}

bool decrypt(std::string_view key, std::string_view nonce, std::string_view aad,
             std::string_view sealed, std::string& out) {
    const cipher_context work(EVP_CIPHER_CTX_new());
    const auto text = sealed.substr(0, sealed.size() - tag_bytes);
    std::string tag(sealed.substr(text.size()));
    out.assign(text.size(), '\0');
    int size = 0;
    const bool good =
        work &&
        EVP_DecryptInit_ex(work.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
        EVP_DecryptUpdate(work.get(), nullptr, &size, raw(aad), static_cast<int>(aad.size())) ==
            1 &&
        EVP_DecryptUpdate(work.get(), raw(out), &size, raw(text), static_cast<int>(text.size())) ==
            1 &&
        EVP_CIPHER_CTX_ctrl(work.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, raw(tag)) == 1 &&
        EVP_DecryptFinal_ex(work.get(), raw(out) + text.size(), &size) == 1;
    if (!good) {
        wipe(out);
        out.clear();
        ERR_clear_error();
    }
    return good;
}

}  // namespace

result<std::string> seal_text(const private_key& key, wrapping how, std::string_view purpose,
                              std::string_view text) {
    if (!key.is_rsa()) {
        return error{errc::unsupported, "the key is no RSA key"};
    }
    auto data_key = random_bytes(key_bytes);
    const auto wrapped = wrap_key(key, how == wrapping::oaep, data_key);
    if (!wrapped) {
        return wrapped.error();
    }
    std::string out(magic);
    out += how == wrapping::oaep ? by_oaep : by_pkcs1;
    out += static_cast<char>(wrapped->size() >> 8);
    out += static_cast<char>(wrapped->size() & 0xFF);
    out += *wrapped;
    const auto aad = out + std::string(purpose);
    const auto nonce = random_bytes(nonce_bytes);
    const auto sealed = encrypt(data_key, nonce, aad, text);
    wipe(data_key);
    if (sealed.empty()) {
        return openssl_error("the text cannot be sealed");
    }
    return out + nonce + sealed;
}

result<std::string> open_sealed_text(const private_key& key, std::string_view purpose,
                                     std::string_view sealed) {
    const error wrong{errc::corrupt, "it was sealed for another key or purpose, or was changed"};
    if (sealed.size() < header_bytes + nonce_bytes + tag_bytes || !sealed.starts_with(magic)) {
        return wrong;
    }
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(sealed[i]); };
    const auto how = sealed[magic.size()];
    const std::size_t size = at(magic.size() + 1) * 256U + at(magic.size() + 2);
    if ((how != by_pkcs1 && how != by_oaep) ||
        sealed.size() < header_bytes + size + nonce_bytes + tag_bytes) {
        return wrong;
    }
    auto data_key = unwrap_key(key, how == by_oaep, sealed.substr(header_bytes, size));
    const auto aad = std::string(sealed.substr(0, header_bytes + size)) + std::string(purpose);
    const auto rest = sealed.substr(header_bytes + size);
    std::string text;
    const bool good =
        decrypt(data_key, rest.substr(0, nonce_bytes), aad, rest.substr(nonce_bytes), text);
    wipe(data_key);
    return good ? result<std::string>(std::move(text)) : wrong;
}

}  // namespace evergrass::pki

#include "libs/base/seal.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace evergrass {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct free_cipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using cipher = std::unique_ptr<EVP_CIPHER_CTX, free_cipher>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

int size_of(std::string_view text) {
    return static_cast<int>(text.size());
}

void need(bool good) {
    if (!good) {
        throw std::runtime_error("OpenSSL does not encrypt by AES-256-GCM");
    }
}

void need_key(std::string_view key) {
    if (key.size() != seal_key_bytes) {
        throw std::logic_error("a key that seals has 32 bytes");
    }
}

}  // namespace

std::string seal(std::string_view key, std::string_view plain, std::string_view purpose) {
    need_key(key);
    auto out = random_bytes(nonce_bytes);
    const cipher context(EVP_CIPHER_CTX_new());
    need(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                                       bytes_of(out)) == 1);
    int size = 0;
    need(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), size_of(purpose)) ==
         1);
    out.resize(nonce_bytes + plain.size() + tag_bytes);
    auto* const body = reinterpret_cast<unsigned char*>(out.data()) + nonce_bytes;
    need(EVP_EncryptUpdate(context.get(), body, &size, bytes_of(plain), size_of(plain)) == 1);
    need(EVP_EncryptFinal_ex(context.get(), body + plain.size(), &size) == 1);
    need(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, body + plain.size()) ==
         1);
    return out;
}

result<std::string> unseal(std::string_view key, std::string_view sealed,
                           std::string_view purpose) {
    need_key(key);
    if (sealed.size() < nonce_bytes + tag_bytes) {
        return error{errc::corrupt, "the sealed text is cut short"};
    }
    const auto body = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    std::string tag(sealed.substr(sealed.size() - tag_bytes));
    const cipher context(EVP_CIPHER_CTX_new());
    need(context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                                       bytes_of(sealed)) == 1);
    int size = 0;
    need(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(purpose), size_of(purpose)) ==
         1);
    std::string plain(body.size(), '\0');
    auto* const into = reinterpret_cast<unsigned char*>(plain.data());
    need(EVP_DecryptUpdate(context.get(), into, &size, bytes_of(body), size_of(body)) == 1);
    need(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
    unsigned char rest[tag_bytes];
    if (EVP_DecryptFinal_ex(context.get(), rest, &size) != 1) {
        return error{errc::corrupt,
                     "the sealed text was sealed by another key or was changed since"};
    }
    return plain;
}

}  // namespace evergrass

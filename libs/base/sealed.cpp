#include "libs/base/sealed.hpp"

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
using cipher_ptr = std::unique_ptr<EVP_CIPHER_CTX, free_cipher>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text, std::size_t from) {
    return reinterpret_cast<unsigned char*>(text.data()) + from;
}

void require(bool good) {
    if (!good) {
        throw std::runtime_error("OpenSSL has no AES-256-GCM");
    }
}

}  // namespace

std::string seal(std::string_view key, std::string_view text, std::string_view about) {
    require(key.size() == sealing_key_bytes);
    std::string sealed = random_bytes(nonce_bytes);
    sealed.resize(nonce_bytes + text.size() + tag_bytes);
    const cipher_ptr context(EVP_CIPHER_CTX_new());
    int size = 0;
    require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                               bytes_of(sealed, 0)) == 1);
    require(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(about),
                              static_cast<int>(about.size())) == 1);
    require(EVP_EncryptUpdate(context.get(), bytes_of(sealed, nonce_bytes), &size, bytes_of(text),
                              static_cast<int>(text.size())) == 1);
    require(EVP_EncryptFinal_ex(context.get(), bytes_of(sealed, nonce_bytes + text.size()),
                                &size) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                                bytes_of(sealed, nonce_bytes + text.size())) == 1);
    return sealed;
}

result<std::string> open_sealed(std::string_view key, std::string_view sealed,
                                std::string_view about) {
    require(key.size() == sealing_key_bytes);
    const error changed{errc::corrupt, "the sealed text does not open with this key"};
    if (sealed.size() < nonce_bytes + tag_bytes) {
        return changed;
    }
    const auto hidden = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    std::string tag(sealed.substr(sealed.size() - tag_bytes));
    std::string text(hidden.size() + 1, '\0');
    const cipher_ptr context(EVP_CIPHER_CTX_new());
    int size = 0;
    require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                               bytes_of(sealed)) == 1);
    require(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(about),
                              static_cast<int>(about.size())) == 1);
    require(EVP_DecryptUpdate(context.get(), bytes_of(text, 0), &size, bytes_of(hidden),
                              static_cast<int>(hidden.size())) == 1);
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
    if (EVP_DecryptFinal_ex(context.get(), bytes_of(text, hidden.size()), &size) != 1) {
        return changed;
    }
    text.resize(hidden.size());
    return text;
}

}  // namespace evergrass

#include "edge/secrets/data_key.hpp"

#include "libs/base/file.hpp"
#include "libs/base/seal.hpp"

namespace evergrass::edge {
namespace {

constexpr std::size_t most_key_bytes = 64 * 1024;

error told(const error& why, const std::filesystem::path& key) {
    return with_context(why,
                        "the key that seals secrets (crypto.principals.SecretsManager, or "
                        "else IoTCertificate) in " +
                            key.string());
}

}  // namespace

std::string_view file_key_wrapper::method() const {
    return how_ == pki::key_wrapping::pkcs1 ? "RSA-PKCS1-v1_5" : "RSA-OAEP-SHA-256";
}

result<std::string> file_key_wrapper::wrap(std::string_view data_key) const {
    auto pem = read_file(key_, most_key_bytes);
    if (!pem) {
        return told(pem.error(), key_);
    }
    auto wrapped = pki::wrap_key(*pem, how_, data_key);
    wipe(*pem);
    return wrapped ? wrapped : told(wrapped.error(), key_);
}

result<secret_text> file_key_wrapper::unwrap(std::string_view wrapped) const {
    auto pem = read_file(key_, most_key_bytes);
    if (!pem) {
        return told(pem.error(), key_);
    }
    auto key = pki::unwrap_key(*pem, how_, wrapped, seal_key_bytes);
    wipe(*pem);
    return key ? std::move(key) : told(key.error(), key_);
}

}  // namespace evergrass::edge

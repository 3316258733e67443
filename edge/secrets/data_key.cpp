#include "edge/secrets/data_key.hpp"

#include "libs/base/seal.hpp"

namespace evergrass::edge {
namespace {

error told(const error& why) {
    return with_context(why,
                        "the key that seals secrets (crypto.principals.SecretsManager, or "
                        "else IoTCertificate)");
}

}  // namespace

std::string_view rsa_key_wrapper::method() const {
    return how_ == pki::key_wrapping::pkcs1 ? "RSA-PKCS1-v1_5" : "RSA-OAEP-SHA-256";
}

result<std::string> rsa_key_wrapper::wrap(std::string_view data_key) const {
    const auto key = key_();
    auto wrapped = key ? pki::wrap_key(*key, how_, data_key) : key.error();
    return wrapped ? std::move(wrapped) : told(wrapped.error());
}

result<secret_text> rsa_key_wrapper::unwrap(std::string_view wrapped) const {
    const auto key = key_();
    auto data_key = key ? pki::unwrap_key(*key, how_, wrapped, seal_key_bytes) : key.error();
    return data_key ? std::move(data_key) : told(data_key.error());
}

}  // namespace evergrass::edge

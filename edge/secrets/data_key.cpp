#include "edge/secrets/data_key.hpp"

#include "libs/base/random.hpp"
#include "libs/base/seal.hpp"
#include "libs/pki/envelope.hpp"

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

std::string_view any_key_wrapper::method() const {
    const auto key = key_();
    return key && !key->is_rsa() ? "CMS-ECDH" : rsa_.method();
}

result<std::string> any_key_wrapper::wrap(std::string_view data_key) const {
    const auto key = key_();
    if (!key || key->is_rsa()) {
        return rsa_.wrap(data_key);
    }
    auto wrapped = pki::seal_for_key(pki::public_key_of(*key), data_key);
    return wrapped ? std::move(wrapped) : told(wrapped.error());
}

result<secret_text> any_key_wrapper::unwrap(std::string_view wrapped) const {
    const auto key = key_();
    if (!key || key->is_rsa()) {
        return rsa_.unwrap(wrapped);
    }
    auto opened = pki::open_envelope(wrapped, *key);
    if (!opened || opened->size() != seal_key_bytes) {
        opened = random_bytes(seal_key_bytes);
    }
    return secret_text::from(*opened);
}

result<data_key> make_data_key(const data_key_wrapper& wrapper) {
    auto random = random_bytes(seal_key_bytes);
    data_key made{secret_text::from(random), {}, std::string(wrapper.method())};
    auto wrapped = wrapper.wrap(made.plain);
    if (!wrapped) {
        return wrapped.error();
    }
    made.wrapped = std::move(*wrapped);
    return made;
}

}  // namespace evergrass::edge

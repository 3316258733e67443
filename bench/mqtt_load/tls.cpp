#include "bench/mqtt_load/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace mqtt_load {
namespace {

void require(bool done, const std::string& what) {
    if (!done) {
        throw std::runtime_error(what + ": " + tls_error());
    }
}

}  // namespace

std::string tls_error() {
    const auto code = ERR_get_error();
    if (code == 0) {
        return "the connection was closed";
    }
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return text;
}

tls_client::tls_client(const options& o) : context_(SSL_CTX_new(TLS_client_method())) {
    auto* context = context_.get();
    const auto ca = o.directory + "/ca.pem";
    require(SSL_CTX_load_verify_file(context, ca.c_str()) == 1, ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, o.tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (o.small) {
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    } else {
        SSL_CTX_set_read_ahead(context, 1);
        SSL_CTX_set_default_read_buffer_len(context, 128 * 1024);
    }
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
        auto* self = static_cast<tls_client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        const std::lock_guard lock(self->session_mutex_);
        self->session_.reset(session);
        return 1;  // kept
    });

    const auto file = o.directory + "/devices.pem";
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> in(BIO_new_file(file.c_str(), "r"),
                                                           BIO_free_all);
    require(in != nullptr, file);
    for (std::size_t i = 0; i < o.devices; ++i) {
        identity device{
            {PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free},
            {PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free}};
        require(device.certificate && device.key,
                file + " has no certificate and key for device " + std::to_string(i));
        devices_.push_back(std::move(device));
    }
}

ssl_ptr tls_client::new_connection(std::size_t device) const {
    ssl_ptr ssl(SSL_new(context_.get()));
    require(ssl != nullptr, "SSL_new");
    const auto& identity = devices_.at(device);
    require(SSL_use_certificate(ssl.get(), identity.certificate.get()) == 1 &&
                SSL_use_PrivateKey(ssl.get(), identity.key.get()) == 1,
            "the certificate of device " + std::to_string(device));
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), "127.0.0.1");
    return ssl;
}

session_ptr tls_client::take_session() {
    const std::lock_guard lock(session_mutex_);
    return std::move(session_);
}

}  // namespace mqtt_load

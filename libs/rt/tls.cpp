#include "libs/rt/tls.hpp"

#include "libs/rt/tls_handle.hpp"
#include "libs/rt/tls_parts.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

namespace evergrass::rt {
namespace {

// Every connection makes the full handshake: a resumed one would not show its certificate, and one
// that was revoked meanwhile would pass.
void refuse_resumption(SSL_CTX* context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

result<void> trust(tls_context& context, const std::string& ca_pem) {
    if (ca_pem.empty()) {
        SSL_CTX_set_default_verify_paths(context.native_handle());
        return {};
    }
    return detail::add_authorities(SSL_CTX_get_cert_store(context.native_handle()), ca_pem);
}

}  // namespace

result<std::shared_ptr<tls_context>> make_server_context(const tls_server_options& options) {
    auto context = std::make_shared<tls_context>(tls_context::tls_server);
    auto* handle = context->native_handle();
    SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
    if (SSL_CTX_set_cipher_list(handle, detail::server_suites) != 1) {
        return detail::openssl_failure("OpenSSL has none of the cipher suites");
    }
    if (auto used = detail::use_identity(handle, options.identity); !used) {
        return used.error();
    }
    refuse_resumption(handle);
    detail::client_rules rules;
    rules.authentication = options.authentication;
    rules.alpn = detail::wire_form(options.alpn);
    if (options.admit) {
        rules.admit = [admit = options.admit](X509* leaf) { return admit(detail::describe(leaf)); };
    }
    detail::set_client_rules(handle, std::move(rules));
    return context;
}

result<std::shared_ptr<tls_context>> make_client_context(const tls_client_options& options) {
    auto context = std::make_shared<tls_context>(tls_context::tls_client);
    auto* handle = context->native_handle();
    SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
    if (auto trusted = trust(*context, options.ca_pem); !trusted) {
        return trusted.error();
    }
    if (options.identity) {
        if (auto used = detail::use_identity(handle, *options.identity); !used) {
            return used.error();
        }
    }
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
    const auto alpn = detail::wire_form(options.alpn);
    if (!alpn.empty()) {
        SSL_CTX_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size()));
    }
    return context;
}

std::string explain_tls_failure(const boost::system::error_code& code, const SSL* handle) {
    const bool of_openssl = code.category() == boost::asio::error::get_ssl_category();
    const auto reason = of_openssl ? static_cast<unsigned long>(code.value()) : 0UL;
    if (auto text = detail::explain_tls_failure(reason, handle); !text.empty()) {
        return text;
    }
    if (code == boost::asio::error::eof || code == boost::asio::ssl::error::stream_truncated ||
        code == boost::asio::error::connection_reset) {
        return "the other side closed the connection during the TLS handshake";
    }
    return "TLS failed: " + code.message();
}

namespace detail {

std::optional<peer_certificate> peer_of(const SSL* handle) {
    X509* certificate = SSL_get1_peer_certificate(handle);
    if (certificate == nullptr) {
        return std::nullopt;
    }
    auto peer = describe(certificate);
    X509_free(certificate);
    return peer;
}

result<void> demand_server_name(SSL* handle, const std::string& name) {
    auto* wanted = SSL_get0_param(handle);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1) {
        return {};
    }
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), 0) != 1 ||
        SSL_set_tlsext_host_name(handle, name.c_str()) != 1) {
        return openssl_failure("'" + name + "' is not a server name");
    }
    return {};
}

}  // namespace detail
}  // namespace evergrass::rt

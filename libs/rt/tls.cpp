#include "libs/rt/tls.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/tls_handle.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace evergrass::rt {
namespace {

// TLS 1.2: the suites of V1's local server (spec/core.md §11) that OpenSSL 3 permits at its default
// security level, the forward-secret ones first. TLS 1.3 has its own list.
constexpr const char* server_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA";

// What a server context's callbacks need; owned by the SSL_CTX, so it lives as long as the last
// connection that was made with it.
struct server_state {
    std::function<bool(const peer_certificate&)> admit;
    std::string alpn;  // as on the wire: length byte and name, by preference
};

void free_server_state(void*, void* state, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<server_state*>(state);
}

int server_state_index() {
    static const int index =
        SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_server_state);
    return index;
}

error openssl_failure(std::string context) {
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr) {
        context += std::string(" (") + reason + ")";
    }
    return {errc::invalid_input, std::move(context)};
}

// An encrypted key is refused instead of asked for on the terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

peer_certificate describe(X509* certificate) {
    peer_certificate peer;
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    if (size > 0) {
        peer.id = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
        OPENSSL_free(der);
    }
    BIO* text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(text, certificate);
    char* bytes = nullptr;
    const auto length = BIO_get_mem_data(text, &bytes);
    peer.pem.assign(bytes, static_cast<std::size_t>(length));
    BIO_free(text);
    return peer;
}

// Takes the place of chain verification for client certificates. Must return 0 or 1 exactly.
int verify_client(X509_STORE_CTX* verification, void* context) {
    const auto* state = static_cast<const server_state*>(context);
    auto* leaf = X509_STORE_CTX_get0_cert(verification);
    bool admitted = false;
    try {
        admitted = leaf != nullptr && (!state->admit || state->admit(describe(leaf)));
    } catch (...) {
        admitted = false;  // an exception must not cross OpenSSL's C frames; refusing is safe
    }
    X509_STORE_CTX_set_error(verification, admitted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return admitted ? 1 : 0;
}

int select_protocol(SSL*, const unsigned char** selected, unsigned char* selected_size,
                    const unsigned char* offered, unsigned int offered_size, void* context) {
    const auto* state = static_cast<const server_state*>(context);
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(
        &chosen, selected_size, reinterpret_cast<const unsigned char*>(state->alpn.data()),
        static_cast<unsigned>(state->alpn.size()), offered, offered_size);
    *selected = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::string wire_form(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const auto& protocol : protocols) {
        if (!protocol.empty() && protocol.size() < 256) {
            wire.push_back(static_cast<char>(protocol.size()));
            wire += protocol;
        }
    }
    return wire;
}

result<void> use_identity(tls_context& context, const tls_identity& identity) {
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(context.native_handle(), no_pass_phrase);
    boost::system::error_code failed;
    context.use_certificate_chain(boost::asio::buffer(identity.chain_pem), failed);
    if (failed) {
        return error{errc::invalid_input,
                     "the certificate chain cannot be read (" + failed.message() + ")"};
    }
    context.use_private_key(boost::asio::buffer(identity.key_pem), tls_context::pem, failed);
    if (failed || SSL_CTX_check_private_key(context.native_handle()) != 1) {
        ERR_clear_error();
        return error{errc::invalid_input,
                     "the private key cannot be read or does not belong to the certificate" +
                         (failed ? " (" + failed.message() + ")" : std::string())};
    }
    return {};
}

// Every connection makes the full handshake: a resumed one would not show its certificate, and one
// that was revoked meanwhile would pass.
void refuse_resumption(SSL_CTX* context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

void ask_for_certificate(SSL_CTX* context, client_auth authentication, server_state* state) {
    if (authentication == client_auth::none) {
        return;
    }
    SSL_CTX_set_verify(context,
                       authentication == client_auth::required
                           ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_PEER,
                       nullptr);
    SSL_CTX_set_cert_verify_callback(context, verify_client, state);
}

result<void> trust(tls_context& context, const std::string& ca_pem) {
    ERR_clear_error();
    if (ca_pem.empty()) {
        SSL_CTX_set_default_verify_paths(context.native_handle());
        return {};
    }
    auto* store = SSL_CTX_get_cert_store(context.native_handle());
    // What the owner put into the CA file is trusted as it is, an intermediate too.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    BIO* text = BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size()));
    std::size_t count = 0;
    while (X509* ca = PEM_read_bio_X509(text, nullptr, no_pass_phrase, nullptr)) {
        X509_STORE_add_cert(store, ca);
        X509_free(ca);
        ++count;
    }
    BIO_free(text);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (count == 0 || !at_end) {
        return openssl_failure("the CA file holds no certificate, or a damaged one, in PEM");
    }
    ERR_clear_error();
    return {};
}

}  // namespace

result<std::shared_ptr<tls_context>> make_server_context(const tls_server_options& options) {
    auto context = std::make_shared<tls_context>(tls_context::tls_server);
    auto* handle = context->native_handle();
    SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
    if (SSL_CTX_set_cipher_list(handle, server_suites) != 1) {
        return openssl_failure("OpenSSL has none of the cipher suites");
    }
    if (auto used = use_identity(*context, options.identity); !used) {
        return used.error();
    }
    refuse_resumption(handle);
    auto* state = new server_state{options.admit, wire_form(options.alpn)};
    SSL_CTX_set_ex_data(handle, server_state_index(), state);
    ask_for_certificate(handle, options.authentication, state);
    if (!state->alpn.empty()) {
        SSL_CTX_set_alpn_select_cb(handle, select_protocol, state);
    }
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
        if (auto used = use_identity(*context, *options.identity); !used) {
            return used.error();
        }
    }
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
    const auto alpn = wire_form(options.alpn);
    if (!alpn.empty()) {
        SSL_CTX_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size()));
    }
    return context;
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

std::string agreed_protocol(const SSL* handle) {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(handle, &name, &size);
    return size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
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

#include "libs/rt/server_tls.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/rt/session_store.hpp"
#include "libs/rt/tls_parts.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <utility>

namespace evergrass::rt {
namespace {

// The cheapest first; a client that prefers ChaCha20, because it has no AES in hardware, gets it.
constexpr const char* suites_of_1_3 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

struct free_context {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using owned_context = std::unique_ptr<SSL_CTX, free_context>;

int number_of(tls_version version) {
    switch (version) {
        case tls_version::tls_1_0:
            return TLS1_VERSION;
        case tls_version::tls_1_1:
            return TLS1_1_VERSION;
        case tls_version::tls_1_2:
            return TLS1_2_VERSION;
        case tls_version::tls_1_3:
            return TLS1_3_VERSION;
    }
    return TLS1_2_VERSION;
}

result<void> set_versions_and_suites(SSL_CTX* context, const server_tls_settings& settings) {
    if (settings.oldest < tls_version::tls_1_2) {
        // Handshakes of 1.0 and 1.1 are signed over MD5 and SHA-1, which level 1 forbids.
        SSL_CTX_set_security_level(context, 0);
    }
    SSL_CTX_set_min_proto_version(context, number_of(settings.oldest));
    const auto* suites =
        settings.cipher_suites.empty() ? detail::server_suites : settings.cipher_suites.c_str();
    if (SSL_CTX_set_cipher_list(context, suites) != 1) {
        return detail::openssl_failure("OpenSSL has none of the cipher suites " +
                                       std::string(suites));
    }
    if (SSL_CTX_set_ciphersuites(context, suites_of_1_3) != 1) {
        return detail::openssl_failure("OpenSSL has none of TLS 1.3's cipher suites");
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION);
    // An idle connection keeps no buffers.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 0);
    return {};
}

void set_resumption(SSL_CTX* context, const server_tls_settings& settings) {
    // The session's id is all that the client gets, also as its ticket: what tickets would carry,
    // the client's certificate, costs more to read each time than the rest of the handshake.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (settings.resumption <= std::chrono::seconds(0)) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    // Sessions of a server that asked its clients for less are no good here.
    const auto who =
        sha256(std::to_string(static_cast<int>(settings.authentication)) + "\n" + settings.ca_pem);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(who.data()),
                                   static_cast<unsigned>(who.size()));
    SSL_CTX_set_timeout(context, settings.resumption.count());
    SSL_CTX_set_num_tickets(context, 1);
    detail::use_session_store(context);
}

result<void> set_authorities(SSL_CTX* context, const std::string& ca_pem) {
    auto* store = SSL_CTX_get_cert_store(context);
    if (auto added = detail::add_authorities(store, ca_pem); !added) {
        return added.error();
    }
    // Clients with several certificates choose by these names.
    STACK_OF(X509)* all = X509_STORE_get1_all_certs(store);
    for (int i = 0; i < sk_X509_num(all); ++i) {
        SSL_CTX_add_client_CA(context, sk_X509_value(all, i));
    }
    sk_X509_pop_free(all, X509_free);
    return {};
}

}  // namespace

result<std::shared_ptr<const server_tls>> server_tls::make(const server_tls_settings& settings,
                                                           const tls_sessions& sessions) {
    ERR_clear_error();
    owned_context context(SSL_CTX_new(TLS_server_method()));
    if (!context) {
        return detail::openssl_failure("no TLS context can be made");
    }
    auto* handle = context.get();
    if (auto set = set_versions_and_suites(handle, settings); !set) {
        return set.error();
    }
    const auto& identity = settings.identity;
    if (!identity.chain_pem.empty() || !identity.key_pem.empty()) {  // else: by held_key.hpp
        if (auto used = detail::use_identity(handle, identity); !used) {
            return used.error();
        }
    }
    if (!settings.ca_pem.empty()) {
        if (auto set = set_authorities(handle, settings.ca_pem); !set) {
            return set.error();
        }
    }
    detail::client_rules rules;
    rules.authentication = settings.authentication;
    rules.verify_chain = !settings.ca_pem.empty();
    rules.alpn = detail::wire_form(settings.alpn);
    if (settings.admit) {
        rules.admit = [admit = settings.admit, refused = settings.on_refused](X509* leaf) {
            const bool admitted = admit(detail::certificate_id(leaf));
            if (!admitted && refused) {
                refused(detail::describe(leaf));
            }
            return admitted;
        };
        rules.admit_again = settings.admit;
    }
    rules.sessions = sessions.store();
    detail::set_client_rules(handle, std::move(rules));
    set_resumption(handle, settings);
    return std::shared_ptr<const server_tls>(new server_tls(context.release()));
}

server_tls::~server_tls() {
    SSL_CTX_free(context_);
}

}  // namespace evergrass::rt

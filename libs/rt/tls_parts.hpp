#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/tls_identity.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;
struct x509_store_st;

namespace evergrass::rt {
class session_store;
}

// What the files of this folder share about OpenSSL, whether Asio drives it or we do.
namespace evergrass::rt::detail {

// TLS 1.2 and older: the suites of V1's local server (spec/core.md §11) that OpenSSL 3 permits, the
// forward-secret ones first. TLS 1.3 has a list of its own.
extern const char* const server_suites;

// With OpenSSL's reason for its last failure, which is forgotten then.
error openssl_failure(std::string context);

// SHA-256 of the DER in hex; empty when it cannot be written as DER.
std::string certificate_id(const x509_st* certificate);

// With its PEM.
peer_certificate describe(const x509_st* certificate);

// ALPN's names as on the wire.
std::string wire_form(const std::vector<std::string>& protocols);
std::string agreed_protocol(const ssl_st* handle);

// The leaf, and what comes after it.
result<void> use_chain(ssl_ctx_st* context, const std::string& pem);

// The error says which of the two is wrong; an encrypted key is refused, not asked for.
result<void> use_identity(ssl_ctx_st* context, const tls_identity& identity);

// Trusts each certificate in the text, an intermediate too. Fails when there is none, or a damaged
// one.
result<void> add_authorities(x509_store_st* store, const std::string& pem);

// What a server's context asks of its clients.
struct client_rules {
    client_auth authentication = client_auth::none;
    bool verify_chain = false;            // by the context's store, besides
    std::function<bool(x509_st*)> admit;  // null: all
    // Of one who comes back to a session: the certificate that began it, by its id. Null: all.
    std::function<bool(const std::string& id)> admit_again;
    std::shared_ptr<session_store> sessions;  // null: nobody comes back
    std::string alpn;                         // in wire_form(); empty: ALPN is ignored
};
// The rules live as long as the context, that is, as the last connection made with it.
void set_client_rules(ssl_ctx_st* context, client_rules rules);
const client_rules& rules_of(const ssl_ctx_st* context);
// client_rules::admit; an exception is a no.
bool admitted(const client_rules& rules, x509_st* leaf);

// Why a handshake failed, in words; `reason` is OpenSSL's last error or 0. Empty: nothing known.
std::string explain_tls_failure(unsigned long reason, const ssl_st* handle);

}  // namespace evergrass::rt::detail

#include "libs/rt/tls_parts.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <utility>

namespace evergrass::rt::detail {
namespace {

struct openssl_free {
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, openssl_free>;

void free_rules(void*, void* rules, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<client_rules*>(rules);
}

int rules_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_rules);
    return index;
}

// An encrypted key is refused instead of asked for on the terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

owned<BIO> text_of(const std::string& pem) {
    return owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Takes the place of chain verification for client certificates, or comes after it. Must return 0
// or 1 exactly.
int verify_client(X509_STORE_CTX* verification, void* context) {
    const auto* rules = static_cast<const client_rules*>(context);
    if (rules->verify_chain && X509_verify_cert(verification) != 1) {
        return 0;
    }
    auto* leaf = X509_STORE_CTX_get0_cert(verification);
    const bool yes = leaf != nullptr && admitted(*rules, leaf);
    X509_STORE_CTX_set_error(verification, yes ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return yes ? 1 : 0;
}

int select_protocol(SSL*, const unsigned char** selected, unsigned char* selected_size,
                    const unsigned char* offered, unsigned int offered_size, void* context) {
    const auto* rules = static_cast<const client_rules*>(context);
    unsigned char* chosen = nullptr;
    const int found = SSL_select_next_proto(
        &chosen, selected_size, reinterpret_cast<const unsigned char*>(rules->alpn.data()),
        static_cast<unsigned>(rules->alpn.size()), offered, offered_size);
    *selected = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// True when the text ended after the last whole object, and not in a damaged one.
bool at_end_of_pem() {
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (ended) {
        ERR_clear_error();
    }
    return ended;
}

}  // namespace

const char* const server_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA";

error openssl_failure(std::string context) {
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr) {
        context += std::string(" (") + reason + ")";
    }
    return {errc::invalid_input, std::move(context)};
}

std::string certificate_id(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    if (size <= 0) {
        return {};
    }
    auto id = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return id;
}

peer_certificate describe(const X509* certificate) {
    peer_certificate peer;
    peer.id = certificate_id(certificate);
    BIO* text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(text, certificate);
    char* bytes = nullptr;
    const auto length = BIO_get_mem_data(text, &bytes);
    peer.pem.assign(bytes, static_cast<std::size_t>(length));
    BIO_free(text);
    return peer;
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

std::string agreed_protocol(const SSL* handle) {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(handle, &name, &size);
    return size == 0 ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
}

result<void> use_chain(SSL_CTX* context, const std::string& pem) {
    const auto text = text_of(pem);
    const owned<X509> leaf(PEM_read_bio_X509_AUX(text.get(), nullptr, no_pass_phrase, nullptr));
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return openssl_failure("the certificate chain cannot be read");
    }
    SSL_CTX_clear_chain_certs(context);
    while (owned<X509> next{PEM_read_bio_X509(text.get(), nullptr, no_pass_phrase, nullptr)}) {
        if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
            return openssl_failure("the certificate chain cannot be read");
        }
    }
    if (!at_end_of_pem()) {
        return openssl_failure("the certificate chain cannot be read");
    }
    return {};
}

result<void> use_identity(SSL_CTX* context, const tls_identity& identity) {
    ERR_clear_error();
    if (auto used = use_chain(context, identity.chain_pem); !used) {
        return used.error();
    }
    const auto text = text_of(identity.key_pem);
    const owned<EVP_PKEY> key(
        PEM_read_bio_PrivateKey(text.get(), nullptr, no_pass_phrase, nullptr));
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return openssl_failure(
            "the private key cannot be read or does not belong to the certificate");
    }
    return {};
}

result<void> add_authorities(X509_STORE* store, const std::string& pem) {
    ERR_clear_error();
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    const auto text = text_of(pem);
    std::size_t count = 0;
    while (owned<X509> ca{PEM_read_bio_X509(text.get(), nullptr, no_pass_phrase, nullptr)}) {
        X509_STORE_add_cert(store, ca.get());
        ++count;
    }
    if (count == 0 || !at_end_of_pem()) {
        return openssl_failure("the CA file holds no certificate, or a damaged one, in PEM");
    }
    return {};
}

void set_client_rules(SSL_CTX* context, client_rules wanted) {
    auto* rules = new client_rules(std::move(wanted));
    SSL_CTX_set_ex_data(context, rules_index(), rules);
    if (rules->authentication != client_auth::none) {
        SSL_CTX_set_verify(context,
                           rules->authentication == client_auth::required
                               ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                               : SSL_VERIFY_PEER,
                           nullptr);
        SSL_CTX_set_cert_verify_callback(context, verify_client, rules);
    }
    if (!rules->alpn.empty()) {
        SSL_CTX_set_alpn_select_cb(context, select_protocol, rules);
    }
}

const client_rules& rules_of(const SSL_CTX* context) {
    return *static_cast<const client_rules*>(SSL_CTX_get_ex_data(context, rules_index()));
}

bool admitted(const client_rules& rules, X509* leaf) {
    try {
        return !rules.admit || rules.admit(leaf);
    } catch (...) {
        return false;  // an exception must not cross OpenSSL's C frames; refusing is safe
    }
}

}  // namespace evergrass::rt::detail

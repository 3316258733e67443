#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mqtt_load {

struct ssl_delete {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_delete>;

struct session_delete {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, session_delete>;

struct context_delete {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// The certificates that mqtt_load_certificates made, for as many devices as the run has. The member
// functions may be called from any thread.
class tls_client {
public:
    struct options {
        std::string directory;
        std::size_t devices = 0;
        bool tls_1_2 = false;
        // Less memory for each connection and more reads; for many silent connections.
        bool small = false;
    };

    // Throws std::runtime_error when a file is missing, bad or names fewer devices.
    explicit tls_client(const options& o);

    // For device number `device`, which must be below options::devices; verifies that the peer is
    // 127.0.0.1 by the bench's CA.
    ssl_ptr new_connection(std::size_t device) const;

    // The newest session that any connection was given; empty when there is none.
    session_ptr take_session();

private:
    struct identity {
        std::unique_ptr<X509, void (*)(X509*)> certificate;
        std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key;
    };

    std::unique_ptr<SSL_CTX, context_delete> context_;
    std::vector<identity> devices_;
    std::mutex session_mutex_;
    session_ptr session_;
};

// What OpenSSL has to say about the last failure in this thread.
std::string tls_error();

}  // namespace mqtt_load

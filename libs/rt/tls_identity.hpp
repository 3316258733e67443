#pragma once

#include <string>

namespace evergrass::rt {

// A certificate chain (leaf first) and its private key, both PEM.
struct tls_identity {
    std::string chain_pem;
    std::string key_pem;
};

// The certificate that the other side showed.
struct peer_certificate {
    std::string id;  // SHA-256 of the DER, 64 lower-case hex digits: AWS IoT's certificate id
    std::string pem;
};

enum class client_auth {
    none,      // no certificate is asked for
    optional,  // asked for; a connection without one goes on, one that `admit` refuses does not
    required,  // without one, or with one that `admit` refuses, the handshake fails with an alert
};

}  // namespace evergrass::rt

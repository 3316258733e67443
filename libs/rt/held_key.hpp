#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/tls_identity.hpp"

#include <memory>
#include <string>

struct evp_pkey_st;
struct ssl_ctx_st;

namespace evergrass::rt {

// An identity whose private key OpenSSL uses and may not be able to read, such as one in a token.
struct held_identity {
    std::string chain_pem;
    std::shared_ptr<evp_pkey_st> key;  // not null
    // Without PSS, which TLS 1.3 wants of RSA keys, connections are of TLS 1.2 at most.
    bool signs_pss = true;
};

// Of a key in PEM. An encrypted one is refused, not asked for.
result<held_identity> held(const tls_identity& identity);

// For a context that was made without an identity, before its first connection. The error says
// which of the two is wrong.
result<void> use_identity(ssl_ctx_st* context, const held_identity& identity);

}  // namespace evergrass::rt

#pragma once

#include "libs/base/result.hpp"
#include "libs/rt/tls_identity.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace evergrass::rt {

enum class tls_version { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

struct server_tls_settings {
    tls_identity identity;
    client_auth authentication = client_auth::required;
    // Decides on the client's leaf by its id, inside the handshake: false sends a fatal alert, of a
    // resumed session too. Null: nobody is refused by it. Chains are not verified: AWS IoT and V1
    // admit by the exact certificate (spec/cloud.md §3). On the thread that takes connections; must
    // not block.
    std::function<bool(const std::string& certificate_id)> admit;
    // Told of the leaf that `admit` refused in a full handshake. On the same thread; must not
    // block.
    std::function<void(const peer_certificate& refused)> on_refused{};
    // For an open broker, which knows no certificates by heart: PEM of the authorities that a
    // client's chain must lead to, its validity and purpose included. Empty: not verified. make()
    // fails when it holds no certificate.
    std::string ca_pem;
    // Offered by ALPN, in order of preference; a client that offers only others goes on without.
    std::vector<std::string> alpn;
    tls_version oldest = tls_version::tls_1_2;
    // TLS 1.2 and older: OpenSSL's names, ':' between. Empty: the suites of V1's local server
    // (spec/core.md §11) that OpenSSL permits, forward-secret ones first.
    std::string cipher_suites;
    // How long a client may come back to a session instead of a full handshake; 0: never.
    std::chrono::seconds resumption{2 * 60 * 60};
};

class session_store;

// The sessions that clients may come back to instead of a full handshake, a few hundred bytes each,
// the oldest given up beyond `most`. Those who share them, one certificate after another, take each
// other's. In memory only. Copies are the same sessions; any thread.
class tls_sessions {
public:
    explicit tls_sessions(std::size_t most = 10'000);
    const std::shared_ptr<session_store>& store() const { return store_; }

private:
    std::shared_ptr<session_store> store_;
};

// What a server's TLS connections are made from. Immutable; any thread.
class server_tls {
public:
    static result<std::shared_ptr<const server_tls>> make(const server_tls_settings& settings,
                                                          const tls_sessions& sessions);
    ~server_tls();
    server_tls(const server_tls&) = delete;
    server_tls& operator=(const server_tls&) = delete;

    ssl_ctx_st* handle() const { return context_; }

private:
    explicit server_tls(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
};

}  // namespace evergrass::rt

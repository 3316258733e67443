#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct ssl_ctx_st;
struct ssl_session_st;

namespace evergrass::rt {

// What TLS sessions need to go on, by their ids, without the clients' certificates: reading one
// back would cost more than the rest of the handshake. Any thread.
class session_store {
public:
    using time = std::chrono::system_clock::time_point;
    struct entry {
        std::string state;           // OpenSSL's session as DER, without a certificate
        std::string certificate_id;  // of the client; empty: it showed none
        time certificate_ends = time::max();
        time ends;
    };

    explicit session_store(std::size_t most) : most_(most) {}

    void put(std::string_view id, entry fresh, time now);
    // nullopt: not there, or over.
    std::optional<entry> find(std::string_view id, time now) const;
    std::size_t size() const;

private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, entry> entries_;
    std::deque<const std::string*> by_age_;  // keys of entries_, the oldest first
};

// The DER of an OpenSSL session without its element for the peer's certificate; nullopt when it is
// not such a thing.
std::optional<std::string> without_certificate(std::string_view session_der);

namespace detail {

// Makes the context keep and find its sessions in client_rules::sessions. A client comes back only
// when its certificate is still admitted, and not over where chains are verified: else it makes the
// full handshake, and hears there why it is refused.
void use_session_store(ssl_ctx_st* context);

// Of a session that was resumed; empty: there was none.
std::string certificate_id_of(const ssl_session_st* session);

}  // namespace detail
}  // namespace evergrass::rt

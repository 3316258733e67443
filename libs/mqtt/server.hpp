#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/log_store/file_system.hpp"
#include "libs/mqtt/message.hpp"
#include "libs/mqtt/policy.hpp"
#include "libs/mqtt/server_options.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/share_exchange.hpp"
#include "libs/rt/server_tls.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

struct listen_settings {
    std::string address = "127.0.0.1";  // or "0.0.0.0", "::", "::1"
    std::uint16_t port = 0;             // 0: the system picks one
    bool websocket = false;             // MQTT in WebSocket (path /mqtt), instead of bare
    // Asked for each connection, on the server's thread, so that a renewed certificate serves the
    // next one. Empty: plain TCP. Null from it: the connection is refused, with a log line.
    std::function<std::shared_ptr<const rt::server_tls>()> tls;
};

struct server_settings {
    server_options limits;
    std::size_t shards = 0;  // threads that speak MQTT; 0: half of the processors, 1 to 8
    // Where sessions and retained messages outlive the process; empty: nowhere.
    std::string data_directory;
    // Instead of it: the owner's own, which is stopped with the server.
    std::shared_ptr<session_journal> journal;
    // Called for each client that comes, before its CONNECT is looked at, on the thread that takes
    // connections; must not block. The client waits until `go_on` is called, on any thread; its
    // connection is closed where the last copy goes uncalled. Empty: nobody waits.
    std::function<void(const client_identity& who, const std::string& client_id,
                       std::function<void()> go_on)>
        before_client;
    // Of a server that is one of several: hears who shares a subscription here. Null: all do.
    // Outlives the server.
    share_exchange* exchange = nullptr;
};

// An MQTT server, 3.1.1 and 5.0 side by side on each port. One thread takes connections, carries
// out TLS handshakes and reads as far as the client id; the client's home shard, a thread of its
// own, does the rest, so that handshakes never hold up what is connected. Every member may be
// called from any thread.
class server {
public:
    // Reads the data directory and starts the threads. `rules` and `disk` (null: the real one)
    // outlive the server.
    static result<std::unique_ptr<server>> start(server_settings settings, policy& rules,
                                                 logger log,
                                                 log_store::file_system* disk = nullptr);
    // stop()
    ~server();

    // Opens a port and returns its number. The error names address and port and, for EADDRINUSE
    // and EACCES, says what to do.
    result<std::uint16_t> listen(const listen_settings& where);
    // Takes over a connected stream socket, `received` having been read from it already. Plain
    // bytes: whoever spoke TLS with the client goes on doing it at the socket's other end. With
    // `who.websocket` they are WebSocket's frames: the upgrade has been answered.
    void adopt(int socket, client_identity who, std::string received = {});

    // As if a client had sent it, but for policy::may_publish. QoS 0 without `pending` costs least.
    void publish(message_ptr message, receipt pending = {});
    void deliver_to(std::string_view client_id, message_ptr message, receipt pending = {});

    // Of a server that is one of several: what was routed elsewhere, as this one's part. Goes to
    // the subscribers here, and is retained where it says so; a policy's other targets and share
    // groups have been served. In the order of the calls, with those of the next two and go_on() of
    // server_settings::before_client. `pending` is released when all have it.
    void take_in(message_ptr message, receipt pending);
    // share_exchange chose this server: one of those that share `filter`, "$share/NAME/FILTER", and
    // are connected gets the message. In the order of the calls for one filter.
    void take_turn(const std::string& filter, message_ptr message, share_turn_ptr turn);
    // The client's connection, if any, is taken over, and what is known of its session is forgotten
    // here, but not by the journal; then `between` is called, on the client's shard, and `kept` is
    // its session. Nothing: it has none.
    void replace_session(std::string_view client_id,
                         std::optional<session_journal::kept_session> kept,
                         std::function<void()> between = {});
    // Its connection is elsewhere now, or, without `connected_too`: forgets the session here unless
    // its client is connected. As above, not by the journal.
    void let_go(std::string_view client_id, bool connected_too);

    // broker::close_where on all shards; done when it returns, unless called on a shard's thread.
    void close_where(std::function<bool(const client_info&)> chosen, reason code,
                     std::string_view why, bool end_session = false);

    // Calls on the shards' threads, several at once, for each client that is connected; must not
    // block. Done when it returns, as above.
    void each_connected(std::function<void(const client_info&)> call);

    // All retained messages, of the journal too.
    void forget_retained();
    // Those whose topic the filter matches and that have not expired, in no order.
    std::vector<message_ptr> retained(std::string_view filter) const;

    bool is_connected(std::string_view client_id) const;
    // broker::would_lose. Waits for the shard: microseconds; not on a shard's thread.
    std::optional<loss> would_lose(std::string_view client_id, std::string_view topic) const;

    struct statistics {
        std::size_t connections = 0;
        std::size_t sessions = 0;
        std::size_t retained = 0;
        std::size_t retained_bytes = 0;
        std::uint64_t handshakes = 0;
        std::uint64_t handshakes_resumed = 0;
        std::uint64_t handshakes_failed = 0;
        std::uint64_t connections_refused = 0;  // by a limit
        std::optional<session_journal::statistics> journal;
    };
    statistics numbers() const;
    std::size_t connections() const;

    // Closes ports and connections, saves what is to be kept, ends the threads. The disk's error
    // when not all could be saved.
    result<void> stop();

private:
    class implementation;
    explicit server(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::mqtt

#pragma once

#include "libs/http/connection.hpp"
#include "libs/http/request_reader.hpp"
#include "libs/http/response_writer.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/deadline.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::http {

struct session_settings {
    server_options options;
    handler handle;
    logger log;
};

// One connection to the server, from its first byte to its last. `settings` must outlive run(),
// which is spawned with the slot of cancellation(): by it a handler is cancelled.
class session : public std::enable_shared_from_this<session> {
public:
    session(connection accepted, const session_settings& settings);

    boost::asio::awaitable<void> run();
    boost::asio::cancellation_slot cancellation() { return cancel_handler_.slot(); }
    // Answers with a reason and closes, whatever the client is sending.
    boost::asio::awaitable<void> refuse(int status, std::string reason);

    void finish();  // close when idle, else after the request in hand
    void cut();     // close now; a handler in hand is cancelled

private:
    enum class next { request, end, upgraded };

    boost::asio::awaitable<bool> read_more(std::chrono::milliseconds limit, bool restart_limit);
    boost::asio::awaitable<next> read_request();
    boost::asio::awaitable<next> answer_request();
    boost::asio::awaitable<next> hand_over(response answer);
    void begin_watch();
    boost::asio::awaitable<void> watch();
    boost::asio::awaitable<void> end_watch();
    boost::asio::awaitable<next> write_answer(response answer, const request& asked);
    boost::asio::awaitable<bool> write(const response& answer, bool is_head);
    boost::asio::awaitable<bool> write_file(response answer, const request& asked);
    boost::asio::awaitable<bool> write_source(response answer, const request& asked);
    boost::asio::awaitable<std::optional<byte_range>> write_head(response answer,
                                                                 const request& asked,
                                                                 std::uint64_t size);
    boost::asio::awaitable<bool> write_bytes(std::string_view bytes);
    bool keep_alive() const { return reader_.keep_alive() && !finishing_; }

    connection connection_;
    const session_settings& settings_;
    request_reader reader_;
    rt::deadline read_limit_;
    rt::deadline write_limit_;
    // Most handlers are done before it begins: reading beside each of them would cost more than
    // many of them do.
    rt::deadline watch_begin_;
    boost::asio::cancellation_signal cancel_handler_;
    boost::asio::cancellation_signal cancel_watch_;
    boost::asio::steady_timer watch_over_;  // cancelled when the watch has ended
    bool finishing_ = false;
    bool cut_ = false;
    bool idle_ = false;      // between requests: not a byte of the next one is there
    bool handling_ = false;  // the handler has the request
    bool watching_ = false;
};

}  // namespace evergrass::http

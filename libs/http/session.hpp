#pragma once

#include "libs/http/connection.hpp"
#include "libs/http/request_reader.hpp"
#include "libs/http/server.hpp"
#include "libs/rt/deadline.hpp"

#include <boost/asio/steady_timer.hpp>

#include <string>
#include <string_view>

namespace evergrass::http {

struct session_settings {
    server_options options;
    handler handle;
    logger log;
};

// One connection to the server, from its first byte to its last. `settings` must outlive run().
class session {
public:
    session(connection accepted, const session_settings& settings);

    boost::asio::awaitable<void> run();
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
    boost::asio::awaitable<void> watch();
    boost::asio::awaitable<next> write_answer(response answer, const request& asked);
    boost::asio::awaitable<bool> write(const response& answer, bool is_head);
    boost::asio::awaitable<bool> write_file(response answer, const request& asked);
    boost::asio::awaitable<bool> write_bytes(std::string_view bytes);
    bool keep_alive() const { return reader_.keep_alive() && !finishing_; }

    connection connection_;
    const session_settings& settings_;
    request_reader reader_;
    rt::deadline read_limit_;
    rt::deadline write_limit_;
    boost::asio::steady_timer gone_;  // cancelled by cut(): ends the watch over a busy handler
    bool finishing_ = false;
    bool cut_ = false;
    bool idle_ = false;  // between requests: not a byte of the next one is there
};

}  // namespace evergrass::http

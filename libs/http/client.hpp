#pragma once

#include "libs/http/message.hpp"
#include "libs/rt/stream.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace evergrass::http {

struct client_options {
    std::string host;
    std::uint16_t port = 443;
    std::shared_ptr<rt::tls_context> tls;  // null: plain HTTP
    std::string server_name;               // see rt::dial_options
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds response_timeout{70'000};  // from request to the last byte
    std::size_t max_body_bytes = 64 * 1024 * 1024;
    std::shared_ptr<const rt::http_proxy> proxy;  // see rt::dial_options
};

// An HTTP/1.1 client of one host. Keeps one idle connection and, when the server closed it between
// requests, sends the request again on a new one. Requests are made one at a time; use another
// client for a second one at once. Cancelling the awaiting coroutine closes the connection.
class client {
public:
    client(boost::asio::any_io_executor executor, client_options options);
    ~client();

    // Adds Host and Content-Length. Any status is a success here; errors are of the transport:
    // errc::unavailable or errc::timed_out, or invalid_input for an answer that is not HTTP.
    // The body is wiped after it was sent.
    boost::asio::awaitable<result<response>> send(request r);

    // GETs `r.target` into `path`, resuming at the bytes that are there already (Range), up to
    // `max_bytes`. Fsynced when done. A status other than 200 or 206 is an error that quotes the
    // body.
    boost::asio::awaitable<result<void>> download(request r, std::filesystem::path path,
                                                  std::uint64_t max_bytes);

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::http

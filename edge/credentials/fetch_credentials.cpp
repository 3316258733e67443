#include "edge/credentials/credential_source.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <boost/asio/this_coro.hpp>

namespace evergrass::edge {
namespace {

// Together the 30 s after which the caller is told (spec/lambda-ipc.md §7).
constexpr std::chrono::seconds connect_limit{10};
constexpr std::chrono::seconds answer_limit{20};
constexpr std::size_t max_answer_bytes = 64 * 1024;
constexpr std::size_t max_quoted_bytes = 500;

errc code_of(int status) {
    switch (status) {
        case 404:
            return errc::not_found;
        case 429:
            return errc::unavailable;
        default:
            return status >= 400 && status < 500 ? errc::denied : errc::unavailable;
    }
}

error refusal(const http::response& answer) {
    const auto document = parse_json(answer.body);
    const auto* object = document ? document->if_object() : nullptr;
    const auto said =
        object != nullptr ? string_member(*object, "message").value_or("") : std::string();
    return {code_of(answer.status), "HTTP " + std::to_string(answer.status) +
                                        (said.empty() ? "" : ": ") +
                                        said.substr(0, max_quoted_bytes)};
}

}  // namespace

boost::asio::awaitable<result<aws_credentials>> fetch_credentials(credential_server from,
                                                                  http::request ask) {
    auto context = from.tls();
    if (!context) {
        co_return context.error();
    }
    http::client_options options;
    options.host = std::move(from.host);
    options.port = from.port;
    options.tls = std::move(*context);
    options.proxy = std::move(from.proxy);
    options.connect_timeout = connect_limit;
    options.response_timeout = answer_limit;
    options.max_body_bytes = max_answer_bytes;
    const auto executor = co_await boost::asio::this_coro::executor;
    http::client client(executor, std::move(options));
    const auto answer = co_await client.send(std::move(ask));
    if (!answer) {
        co_return answer.error();
    }
    if (answer->status != 200) {
        co_return refusal(*answer);
    }
    co_return parse_credentials_answer(answer->body);
}

}  // namespace evergrass::edge

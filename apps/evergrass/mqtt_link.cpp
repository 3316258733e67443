#include "apps/evergrass/mqtt_link.hpp"

#include "libs/base/errors.hpp"

#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// Longer than the client's own time-out for a SUBACK.
constexpr std::chrono::seconds subscribe_limit{10};

mqtt::client_options client_options_for(const mqtt_link::options& o,
                                        std::shared_ptr<rt::tls_context> tls) {
    mqtt::client_options made;
    made.endpoint.host = o.address.host;
    made.endpoint.port = o.address.port;
    made.tls = [tls]() -> result<std::shared_ptr<rt::tls_context>> { return tls; };
    made.client_id = o.client_id;
    made.max_retry = std::chrono::seconds(2);
    return made;
}

}  // namespace

mqtt_link::mqtt_link(asio::any_io_executor executor, options o,
                     std::shared_ptr<rt::tls_context> tls, on_message received)
    : changed_(executor),
      client_(std::make_shared<mqtt::client>(executor, client_options_for(o, std::move(tls)),
                                             logger())) {
    client_->on_message = std::move(received);
    client_->on_state = [this, executor, once = !o.reconnect](bool connected,
                                                              std::string_view reason) {
        const bool lost = std::exchange(was_connected_, connected) && !connected;
        last_reason_ = connected ? "" : reason;
        if (lost && once) {
            asio::post(executor, [client = client_] { client->stop(); });
        }
        changed_.notify();
    };
    client_->start();
}

mqtt_link::~mqtt_link() {
    client_->on_state = nullptr;
    client_->stop();
}

asio::awaitable<result<std::unique_ptr<mqtt_link>>> mqtt_link::connect(
    asio::any_io_executor executor, options o, on_message received,
    std::chrono::milliseconds limit) {
    rt::tls_client_options tls_options;
    tls_options.ca_pem = o.ca_pem;
    tls_options.identity = o.identity;
    tls_options.alpn = o.alpn;
    auto tls = rt::make_client_context(tls_options);
    if (!tls) {
        co_return tls.error();
    }
    const auto where = o.address.host + ":" + std::to_string(o.address.port);
    const auto who = o.client_id;
    std::unique_ptr<mqtt_link> link(
        new mqtt_link(executor, std::move(o), *tls, std::move(received)));
    auto* raw = link.get();
    const auto connected = [raw] { return raw->connected(); };
    const bool up =
        co_await raw->changed_.wait(connected, std::chrono::steady_clock::now() + limit);
    if (!up) {
        const auto& reason = raw->last_reason_;
        co_return error{errc::timed_out, who + " did not connect to " + where + " within " +
                                             std::to_string(limit.count() / 1000) + " s" +
                                             (reason.empty() ? "" : "; last reason: " + reason)};
    }
    co_return std::move(link);
}

asio::awaitable<result<void>> mqtt_link::subscribe(std::string filter) {
    auto answer = std::make_shared<std::optional<result<mqtt::qos>>>();
    client_->subscribe(filter, mqtt::qos::at_most_once, [this, answer](result<mqtt::qos> granted) {
        *answer = std::move(granted);
        changed_.notify();
    });
    // Named: g++ 12 destroys a closure that owns something twice when it is a temporary of
    // co_await.
    std::function<bool()> is_answered = [answer] { return answer->has_value(); };
    const auto deadline = std::chrono::steady_clock::now() + subscribe_limit;
    const bool answered = co_await changed_.wait(std::move(is_answered), deadline);
    if (!answered) {
        co_return error{errc::timed_out, "No answer to the subscription to " + filter};
    }
    if (!**answer) {
        co_return with_context((**answer).error(), "The subscription to " + filter);
    }
    co_return result<void>{};
}

void mqtt_link::publish(const std::string& topic, std::string payload) {
    client_->publish(topic, std::make_shared<const std::string>(std::move(payload)),
                     mqtt::qos::at_most_once, {});
}

}  // namespace evergrass::cli

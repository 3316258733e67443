#include "apps/doctor/way_to_server.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <future>
#include <optional>
#include <thread>

namespace evergrass::doctor {
namespace {

using answer = std::shared_ptr<std::promise<result<rt::plain_connection>>>;

rt::asio::awaitable<void> tell(rt::dial_options options, answer told) {
    told->set_value(co_await rt::dial_plain(std::move(options)));
}

class dialled_way final : public way_to_server {
public:
    result<void> dial(rt::dial_options options) {
        // Shared: who sets it may still be in it when we have the value.
        const answer told = std::make_shared<answer::element_type>();
        rt::asio::co_spawn(io_, tell(std::move(options), told), rt::asio::detached);
        thread_ = std::thread([this] { io_.run(); });
        auto connected = told->get_future().get();
        if (!connected) {
            return connected.error();
        }
        connection_.emplace(std::move(*connected));
        boost::system::error_code failed;
        connection_->socket.native_non_blocking(true, failed);
        return failed ? result<void>(error{failed, "cannot use the connection"}) : result<void>();
    }

    ~dialled_way() override {
        work_.reset();
        io_.stop();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    int descriptor() override { return connection_->socket.native_handle(); }

private:
    rt::asio::io_context io_{1};
    rt::asio::executor_work_guard<rt::asio::io_context::executor_type> work_{io_.get_executor()};
    std::thread thread_;
    std::optional<rt::plain_connection> connection_;
};

}  // namespace

result<std::unique_ptr<way_to_server>> way_to_server::open(
    const std::string& host, std::uint16_t port, std::shared_ptr<const rt::http_proxy> proxy,
    std::chrono::seconds limit) {
    auto way = std::make_unique<dialled_way>();
    rt::dial_options options;
    options.host = host;
    options.port = port;
    options.timeout = limit;
    options.proxy = std::move(proxy);
    if (auto dialled = way->dial(std::move(options)); !dialled) {
        return dialled.error();
    }
    return std::unique_ptr<way_to_server>(std::move(way));
}

}  // namespace evergrass::doctor

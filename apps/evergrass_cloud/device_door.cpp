#include "apps/evergrass_cloud/device_door.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>
#include <utility>

namespace evergrass::cloud {

namespace asio = boost::asio;

struct device_door::implementation {
    implementation(const http::server_options& limits, http::handler handle, logger log)
        : server(limits, std::move(handle), std::move(log)) {}

    ~implementation() {
        io.stop();
        if (thread.joinable()) {
            thread.join();
        }
    }

    static asio::awaitable<void> stop(implementation* self, std::chrono::milliseconds grace) {
        self->listener->stop();
        co_await self->server.stop(grace);
    }

    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> stays = asio::make_work_guard(io);
    http::server server;
    std::unique_ptr<rt::listener> listener;
    std::thread thread;
};

device_door::device_door(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

device_door::~device_door() = default;

result<std::unique_ptr<device_door>> device_door::open(const rt::listen_options& where,
                                                       rt::listener::context_source contexts,
                                                       const http::server_options& limits,
                                                       http::handler handle, logger log) {
    auto made = std::make_unique<implementation>(limits, std::move(handle), log);
    auto opened = rt::listener::open_tls(
        made->io.get_executor(), where, std::move(contexts),
        [server = &made->server](rt::secure_connection c) { server->serve(std::move(c)); },
        std::move(log));
    if (!opened) {
        return opened.error();
    }
    made->listener = std::move(*opened);
    made->thread = std::thread([io = &made->io] { io->run(); });
    return std::unique_ptr<device_door>(new device_door(std::move(made)));
}

std::uint16_t device_door::port() const {
    return implementation_->listener->port();
}

asio::awaitable<void> device_door::stop(std::chrono::milliseconds grace) {
    auto* const self = implementation_.get();
    co_await asio::co_spawn(self->io, implementation::stop(self, grace), asio::use_awaitable);
}

}  // namespace evergrass::cloud

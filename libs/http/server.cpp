#include "libs/http/server.hpp"

#include "libs/base/errors.hpp"
#include "libs/http/session.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <map>
#include <set>

namespace evergrass::http {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

// How long stop() waits for handlers to notice that they were cancelled.
constexpr auto cancellation_limit = 5s;

}  // namespace

class server::implementation : public std::enable_shared_from_this<server::implementation> {
public:
    implementation(server_options options, handler handle, logger log)
        : shared_{options, std::move(handle), std::move(log)} {}

    void serve(connection accepted) {
        if (stopping_) {
            return;
        }
        const auto address = address_of(accepted.remote_address());
        if (!admit(address)) {
            accepted.close();
            return;
        }
        auto executor = accepted.executor();
        auto made = std::make_shared<session>(std::move(accepted), shared_);
        const bool full = sessions_.size() >= shared_.options.max_connections;
        sessions_.insert(made.get());
        if (full) {
            shared_.log.warn("A connection was refused with 503: there are too many.",
                             {{"maximum", shared_.options.max_connections}});
            tell_refused();
        }
        // The completion handler holds the session, whose signal the coroutine refers to.
        asio::co_spawn(executor, run(shared_from_this(), made, address, full),
                       asio::bind_cancellation_slot(made->cancellation(),
                                                    [made](const std::exception_ptr&) {}));
    }

    void cut_all() {
        stopping_ = true;
        for (auto* one : sessions_) {
            one->cut();
        }
    }

    static asio::awaitable<void> stop(std::shared_ptr<implementation> self,
                                      std::chrono::milliseconds grace) {
        self->stopping_ = true;
        for (auto* one : self->sessions_) {
            one->finish();
        }
        co_await self->wait_until_empty(grace);
        self->cut_all();
        co_await self->wait_until_empty(cancellation_limit);
        if (!self->sessions_.empty()) {
            self->shared_.log.error("Requests did not end although they were cancelled.",
                                    {{"count", self->sessions_.size()}});
        }
    }

private:
    static std::string address_of(const std::string& with_port) {
        return with_port.substr(0, with_port.rfind(':'));
    }

    void tell_refused() const {
        if (shared_.options.on_refused) {
            shared_.options.on_refused();
        }
    }

    // The first connection over the limit says it, and then one of a thousand.
    bool admit(const std::string& address) {
        const auto most = shared_.options.max_connections_per_address;
        if (most == 0) {
            return true;
        }
        auto& open = by_address_[address];
        if (open < most) {
            ++open;
            return true;
        }
        if (over_limit_++ % 1000 == 0) {
            shared_.log.warn("Connections are refused: one address has too many.",
                             {{"address", address}, {"maximum", most}, {"refused", over_limit_}});
        }
        tell_refused();
        return false;
    }

    void leave(const std::string& address) {
        const auto found = by_address_.find(address);
        if (found != by_address_.end() && --found->second == 0) {
            by_address_.erase(found);
        }
    }

    static asio::awaitable<void> run(std::shared_ptr<implementation> self,
                                     std::shared_ptr<session> one, std::string address, bool full) {
        try {
            if (full) {
                co_await one->refuse(503, "too many connections");
            } else {
                co_await one->run();
            }
        } catch (const std::exception& e) {
            self->shared_.log.error("A connection ended by an exception.", {{"error", e.what()}});
        }
        self->sessions_.erase(one.get());
        self->leave(address);
        if (self->emptied_ != nullptr && self->sessions_.empty()) {
            self->emptied_->cancel();
        }
    }

    asio::awaitable<void> wait_until_empty(std::chrono::milliseconds limit) {
        if (sessions_.empty()) {
            co_return;
        }
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, limit);
        emptied_ = &timer;
        boost::system::error_code ignored;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        emptied_ = nullptr;
    }

    session_settings shared_;
    std::set<session*> sessions_;
    std::map<std::string, std::size_t> by_address_;
    std::uint64_t over_limit_ = 0;
    asio::steady_timer* emptied_ = nullptr;  // of the stop() that waits
    bool stopping_ = false;
};

server::server(server_options options, handler handle, logger log)
    : implementation_(
          std::make_shared<implementation>(options, std::move(handle), std::move(log))) {}

server::~server() {
    implementation_->cut_all();
}

void server::serve(rt::secure_connection accepted) {
    implementation_->serve(connection(std::move(accepted)));
}

void server::serve(rt::plain_connection accepted) {
    implementation_->serve(connection(std::move(accepted)));
}

asio::awaitable<void> server::stop(std::chrono::milliseconds grace) {
    return implementation::stop(implementation_, grace);
}

}  // namespace evergrass::http

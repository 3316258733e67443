#include "edge/invocations/invocation_runner.hpp"

#include "libs/base/errors.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/co_spawn.hpp>

#include <deque>
#include <exception>
#include <utility>

namespace evergrass::edge {

namespace asio = boost::asio;

class invocation_runner::implementation
    : public std::enable_shared_from_this<invocation_runner::implementation> {
public:
    implementation(asio::any_io_executor executor, service_client fetching, service_client telling,
                   run perform, logger log, runner_settings settings)
        : executor_(std::move(executor)),
          fetching_(std::move(fetching)),
          telling_(std::move(telling)),
          perform_(std::move(perform)),
          log_(std::move(log)),
          settings_(settings) {}

    void wake() {
        called_ = true;
        if (!fetches_ && !stopped_) {
            fetches_ = true;
            start(fetch_all(shared_from_this()));
        }
    }

    void stop() { stopped_ = true; }

private:
    struct told {
        std::string id;
        invocation_outcome outcome;
    };

    void start(asio::awaitable<void> work) {
        asio::co_spawn(executor_, std::move(work),
                       [self = shared_from_this()](const std::exception_ptr& failed) {
                           if (failed) {
                               self->log_.error("An invocation for the service broke off.");
                           }
                       });
    }

    // Goes on while something runs, too: the service hears by that that the core is there.
    static asio::awaitable<void> fetch_all(std::shared_ptr<implementation> self) {
        while (!self->stopped_ && (self->called_ || self->running_ != 0)) {
            self->called_ = false;
            auto order = co_await self->fetching_.take_invocation(self->settings_.wait_seconds);
            if (!order) {
                self->log_.warn("The service cannot be asked for invocations.",
                                {{"reason", order.error()}});
                if (self->running_ != 0) {
                    co_await rt::sleep_for(self->settings_.retry);
                }
                continue;
            }
            if (*order) {
                self->called_ = true;
                ++self->running_;
                self->start(perform_one(self, std::move(**order)));
            }
        }
        self->fetches_ = false;
        self->fetching_.drop_connection();
        if (self->called_) {
            self->wake();
        }
    }

    static asio::awaitable<void> perform_one(std::shared_ptr<implementation> self,
                                             invocation_order order) {
        told done{order.id, {}};
        self->log_.info("Invoked for the service.",
                        {{"function", order.function}, {"invocationId", order.id}});
        done.outcome = co_await self->perform_(std::move(order));
        self->untold_.push_back(std::move(done));
        if (!self->tells_ && !self->stopped_) {
            self->tells_ = true;
            self->start(tell_all(self));
        }
    }

    static asio::awaitable<void> tell_all(std::shared_ptr<implementation> self) {
        while (!self->stopped_ && !self->untold_.empty()) {
            const auto next = std::move(self->untold_.front());
            self->untold_.pop_front();
            co_await tell(self, next);
            --self->running_;
        }
        self->tells_ = false;
        if (self->running_ == 0) {
            self->telling_.drop_connection();
        }
    }

    static asio::awaitable<void> tell(std::shared_ptr<implementation> self, const told& what) {
        for (int attempt = 1;; ++attempt) {
            const auto said = co_await self->telling_.tell_outcome(what.id, what.outcome);
            if (said || self->stopped_ || said.error().code == errc::not_found) {
                co_return;  // not found: nobody waits any more
            }
            const bool again =
                said.error().code == errc::unavailable || said.error().code == errc::timed_out;
            if (!again || attempt >= self->settings_.attempts) {
                self->log_.warn("The result of an invocation could not be told to the service.",
                                {{"invocationId", what.id}, {"reason", said.error()}});
                co_return;
            }
            co_await rt::sleep_for(self->settings_.retry * attempt);
        }
    }

    asio::any_io_executor executor_;
    service_client fetching_;
    service_client telling_;
    run perform_;
    logger log_;
    runner_settings settings_;
    std::deque<told> untold_;
    std::size_t running_ = 0;  // fetched, and not told yet
    bool called_ = false;
    bool fetches_ = false;
    bool tells_ = false;
    bool stopped_ = false;
};

invocation_runner::invocation_runner(asio::any_io_executor executor, service_client fetching,
                                     service_client telling, run perform, logger log,
                                     runner_settings settings)
    : implementation_(std::make_shared<implementation>(std::move(executor), std::move(fetching),
                                                       std::move(telling), std::move(perform),
                                                       std::move(log), settings)) {}

invocation_runner::~invocation_runner() {
    implementation_->stop();
}

void invocation_runner::wake() {
    implementation_->wake();
}

void invocation_runner::stop() {
    implementation_->stop();
}

}  // namespace evergrass::edge

#include "edge/logs/log_shipper.hpp"

#include "libs/rt/run_on.hpp"
#include "libs/rt/stream.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <functional>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds longest_pause{60'000};

}  // namespace

log_shipper::log_shipper(std::filesystem::path ggc, service_client service,
                         asio::any_io_executor disk, const clock& time, logger log,
                         std::chrono::milliseconds interval)
    : collector_(std::move(ggc)),
      service_(std::move(service)),
      disk_(std::move(disk)),
      time_(time),
      log_(std::move(log)),
      interval_(interval) {}

void log_shipper::configure(shipping what) {
    collector_.begin(what);
    what_ = std::move(what);
}

asio::awaitable<void> log_shipper::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto pause = interval_;
    for (;;) {
        const bool waited = co_await rt::sleep_for(pause);
        if (!waited) {
            co_return;
        }
        pause = interval_;
        for (bool more = what_.wanted(); more;) {
            const auto shipped = co_await ship();
            if (!shipped) {
                pause = std::min(pause * 4, longest_pause);
                service_.drop_connection();
                if (shipped.error().message() != trouble_) {
                    trouble_ = shipped.error().message();
                    log_.warn("Logs cannot be sent. They are kept as long as their files.",
                              {{"reason", shipped.error()}});
                }
            } else {
                trouble_.clear();
            }
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) {
                co_return;
            }
            more = shipped && *shipped;
        }
    }
}

// True when there is more.
asio::awaitable<result<bool>> log_shipper::ship() {
    const auto now = to_epoch_milliseconds(time_.now());
    std::function<log_collector::batch()> collect = [this, now, what = what_] {
        return collector_.collect(what, now);
    };
    const auto batch = co_await rt::run_on(disk_, std::move(collect));
    if (!batch.body.empty()) {
        const auto sent = co_await service_.send_logs(batch.body);
        if (!sent) {
            co_return sent.error();
        }
    }
    std::function<result<void>()> commit = [this, &batch] { return collector_.commit(batch); };
    const auto committed = co_await rt::run_on(disk_, std::move(commit));
    if (!committed) {
        co_return committed.error();
    }
    co_return batch.more;
}

}  // namespace evergrass::edge

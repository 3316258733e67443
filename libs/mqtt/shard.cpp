#include "libs/mqtt/shard.hpp"

#include <chrono>
#include <utility>

namespace evergrass::mqtt {
namespace {

// For clients that do not close after the server's goodbye.
constexpr std::chrono::seconds stop_limit{1};

}  // namespace

shard::shard(broker_shared shared, std::size_t index, std::atomic<std::size_t>& sockets)
    : time_(shared.time),
      sockets_(sockets),
      loop_(this),
      broker_(shared, index),
      connections_(loop_),
      deadline_(loop_, [this] { broker_.on_time(); }),
      stop_limit_(loop_, [this] { loop_.stop(); }) {
    broker_.at(time_.mono_now(),
               time_.now());  // sessions that were kept are told by it what is left
}

shard::~shard() {
    end_stop();
}

void shard::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

void shard::post(std::function<void(broker&)> work) {
    if (work_.put(std::move(work))) {
        loop_.wake();
    }
}

void shard::take(arrival client) {
    if (arrivals_.put(std::move(client))) {
        loop_.wake();
    }
}

bool shard::is_this_thread() const {
    return std::this_thread::get_id() == thread_.get_id();
}

void shard::turn_begins() {
    broker_.at(loop_.now(), time_.now());
    work_.take(working_);
    for (auto& each : working_) {
        each(broker_);
        each = nullptr;  // what it holds goes before the next one runs
    }
    working_.clear();
    arrivals_.take(arriving_);
    for (auto& client : arriving_) {
        if (stopping_) {
            sockets_.fetch_sub(1, std::memory_order_relaxed);
            continue;
        }
        connections_.add(std::move(client.socket), client.received, [&](link_owner& owner) {
            return broker_.open(owner, std::move(client.who), std::move(client.client_id),
                                client.assigned, loop_.now());
        });
    }
    arriving_.clear();
}

void shard::turn_ends() {
    if (const auto gone = connections_.flush(); gone > 0) {
        sockets_.fetch_sub(gone, std::memory_order_relaxed);
    }
    if (!stopping_) {
        deadline_.at(broker_.deadline());
    } else if (connections_.size() == 0) {
        loop_.stop();
    }
}

void shard::begin_stop() {
    loop_.post([this] {
        stopping_ = true;
        deadline_.at(mono_time::max());
        broker_.stop();
        stop_limit_.at(loop_.now() + stop_limit);
    });
}

void shard::end_stop() {
    if (thread_.joinable()) {
        thread_.join();
    }
    work_.close();
    arrivals_.close();
}

}  // namespace evergrass::mqtt

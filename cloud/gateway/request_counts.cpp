#include "cloud/gateway/request_counts.hpp"

namespace evergrass::cloud {

void request_counts::count(const std::string& operation, int status,
                           std::chrono::microseconds took) {
    const std::lock_guard hold(mutex_);
    auto& one = totals_[{operation, status}];
    ++one.requests;
    one.microseconds += static_cast<std::uint64_t>(took.count());
}

void request_counts::count_throttled(const std::string& limit) {
    const std::lock_guard hold(mutex_);
    ++throttled_[limit];
}

void request_counts::write(metrics_writer& out) const {
    const std::lock_guard hold(mutex_);
    out.family("api_requests_total", "counter", "Requests to the AWS APIs, by answer.");
    for (const auto& [key, one] : totals_) {
        out.sample({{"operation", key.first}, {"status", std::to_string(key.second)}},
                   one.requests);
    }
    out.family("api_request_microseconds_total", "counter",
               "Time that these requests took, without the network.");
    for (const auto& [key, one] : totals_) {
        out.sample({{"operation", key.first}, {"status", std::to_string(key.second)}},
                   one.microseconds);
    }
    out.family("api_throttled_total", "counter",
               "Requests and connections over a limit, by limit.");
    for (const auto& [limit, number] : throttled_) {
        out.sample({{"limit", limit}}, number);
    }
}

}  // namespace evergrass::cloud

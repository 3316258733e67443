#include "cloud/gateway/request_limits.hpp"

#include <algorithm>

namespace evergrass::cloud {
namespace {

constexpr double burst_seconds = 2;
// Names that are remembered; a bucket that is full again is as good as none.
constexpr std::size_t most_buckets = 20'000;

double seconds(mono_time::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

bool token_buckets::is_full(const bucket& one, mono_time now) const {
    return one.tokens + seconds(now - one.at) * rate_ >= rate_ * burst_seconds;
}

bool token_buckets::take(const std::string& name, mono_time now) {
    if (rate_ <= 0) {
        return true;
    }
    const std::lock_guard hold(mutex_);
    if (buckets_.size() >= most_buckets && !buckets_.contains(name)) {
        std::erase_if(buckets_, [&](const auto& each) { return is_full(each.second, now); });
        // So that looking for full ones is done once for many new names, and not for each.
        if (buckets_.size() > most_buckets / 2) {
            buckets_.clear();
        }
    }
    const auto most = std::max(rate_ * burst_seconds, 1.0);
    auto& one = buckets_.try_emplace(name, bucket{most, now}).first->second;
    one.tokens = std::min(most, one.tokens + seconds(now - one.at) * rate_);
    one.at = now;
    if (one.tokens < 1) {
        return false;
    }
    one.tokens -= 1;
    return true;
}

std::size_t token_buckets::size() const {
    const std::lock_guard hold(mutex_);
    return buckets_.size();
}

api_error throttled(std::string_view service) {
    if (service == "s3") {
        return {503, "SlowDown", "Please reduce your request rate."};
    }
    if (service == "lambda") {
        return {429, "TooManyRequestsException", "Rate Exceeded."};
    }
    return {429, "ThrottlingException", "Rate exceeded"};
}

bool request_limits::is_address_over(std::string_view remote_address, mono_time now) {
    if (addresses_.take(std::string(remote_address.substr(0, remote_address.rfind(':'))), now)) {
        return false;
    }
    counts_.count_throttled("address");
    return true;
}

std::optional<api_error> request_limits::refuse_address(std::string_view remote_address,
                                                        std::string_view service, mono_time now) {
    return is_address_over(remote_address, now) ? std::optional(throttled(service)) : std::nullopt;
}

std::optional<api_error> request_limits::refuse_key(const std::string& access_key_id,
                                                    std::string_view service, mono_time now) {
    if (keys_.take(access_key_id, now)) {
        return std::nullopt;
    }
    counts_.count_throttled("key");
    return throttled(service);
}

}  // namespace evergrass::cloud

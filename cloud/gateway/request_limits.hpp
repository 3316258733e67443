#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/gateway/request_counts.hpp"
#include "libs/base/time.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// A bucket of tokens for each name: `rate` a second, up to twice as many at once. Any thread.
class token_buckets {
public:
    // 0: no limit.
    explicit token_buckets(double rate) : rate_(rate) {}

    // Takes one; false: there is none yet.
    bool take(const std::string& name, mono_time now);

    std::size_t size() const;

private:
    struct bucket {
        double tokens = 0;
        mono_time at;
    };
    bool is_full(const bucket& one, mono_time now) const;

    const double rate_;
    mutable std::mutex mutex_;
    std::map<std::string, bucket> buckets_;
};

// How many requests the AWS APIs take (docs/access.md). Any thread.
class request_limits {
public:
    // Requests a second by one access key and from one address; 0: no limit. Counts what it
    // refuses.
    request_limits(double key_rate, double address_rate, request_counts& counts)
        : keys_(key_rate), addresses_(address_rate), counts_(counts) {}

    // Counts the request; `remote_address` has a port.
    bool is_address_over(std::string_view remote_address, mono_time now);
    // The answer of a request over the limit, in the words of `service`: greengrass, iot, s3 …
    // `remote_address` has a port.
    std::optional<api_error> refuse_address(std::string_view remote_address,
                                            std::string_view service, mono_time now);
    // After the signature was checked, so that nobody uses up another's.
    std::optional<api_error> refuse_key(const std::string& access_key_id, std::string_view service,
                                        mono_time now);

private:
    token_buckets keys_;
    token_buckets addresses_;
    request_counts& counts_;
};

// AWS's throttling error of a service.
api_error throttled(std::string_view service);

}  // namespace evergrass::cloud

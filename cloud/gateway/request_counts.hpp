#pragma once

#include "libs/base/metrics_writer.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace evergrass::cloud {

// What requests to the AWS APIs came to, for /metrics. Any thread.
class request_counts {
public:
    // `operation` "greengrass:CreateGroup", or empty where it was refused before that was known.
    void count(const std::string& operation, int status, std::chrono::microseconds took);
    // Over a limit: "key", "address" or "connections".
    void count_throttled(const std::string& limit);

    void write(metrics_writer& out) const;

private:
    struct total {
        std::uint64_t requests = 0;
        std::uint64_t microseconds = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, int>, total> totals_;
    std::map<std::string, std::uint64_t> throttled_{{"address", 0}, {"connections", 0}, {"key", 0}};
};

}  // namespace evergrass::cloud

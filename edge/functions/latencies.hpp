#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace evergrass::edge::functions {

// How long invocations took, counted by length, so that a function's past costs about 1 KiB
// however long it is. One executor.
class latencies {
public:
    using micros = std::chrono::microseconds;

    void add(std::chrono::nanoseconds took) {
        const auto whole = std::chrono::duration_cast<micros>(took).count();
        ++counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(whole, 0)))];
        ++total_;
    }

    // What `share` of them (0 to 1) took at most, up to an eighth too much; nullopt: there are
    // none.
    std::optional<micros> percentile(double share) const {
        if (total_ == 0) {
            return std::nullopt;
        }
        const auto wanted = std::max<std::uint64_t>(
            static_cast<std::uint64_t>(share * static_cast<double>(total_) + 0.5), 1);
        std::uint64_t seen = 0;
        std::size_t bucket = 0;
        for (; bucket + 1 < counts_.size(); ++bucket) {
            seen += counts_[bucket];
            if (seen >= wanted) {
                break;
            }
        }
        return micros(static_cast<std::int64_t>(longest_in(bucket)));
    }

private:
    // Up to 7 us each has its own; from there each power of two has eight. The last one takes all
    // that is longer than about 19 hours.
    static constexpr unsigned steps = 8;
    static constexpr std::size_t buckets = steps * 34;

    static std::size_t bucket_of(std::uint64_t us) {
        if (us < steps) {
            return us;
        }
        const auto power = static_cast<unsigned>(std::bit_width(us)) - 4;  // of two, beyond `steps`
        return std::min<std::size_t>(steps * (power + 1) + (us >> power) - steps, buckets - 1);
    }
    static std::uint64_t longest_in(std::size_t bucket) {
        if (bucket < steps) {
            return bucket;
        }
        const auto power = bucket / steps - 1;
        return ((bucket % steps + steps + 1) << power) - 1;
    }

    std::array<std::uint32_t, buckets> counts_{};
    std::uint64_t total_ = 0;
};

}  // namespace evergrass::edge::functions

#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace mqtt_load {

// Durations in nanoseconds, each counted in a bucket at most 1/128 of its value wide.
class histogram {
public:
    void add(std::int64_t nanoseconds) {
        const auto value = static_cast<std::uint64_t>(nanoseconds > 0 ? nanoseconds : 0);
        ++counts_[bucket_of(value)];
        ++total_;
        if (value > highest_) {
            highest_ = value;
        }
    }
    std::uint64_t count() const { return total_; }
    double max_us() const { return static_cast<double>(highest_) / 1e3; }

    // The upper end of the bucket that holds this share (0..1) of all; 0 when nothing was added.
    double quantile_us(double share) const {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (counts_[i] > 0 && seen >= wanted) {
                const auto end = upper_end(i);
                return static_cast<double>(end < highest_ ? end : highest_) / 1e3;
            }
        }
        return 0;
    }

private:
    static constexpr unsigned sub_bits = 7;

    // Values under 256 have a bucket each; above, the highest bit and the seven below it choose.
    static std::size_t bucket_of(std::uint64_t value) {
        if (value < (2U << sub_bits)) {
            return value;
        }
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - sub_bits - 1;
        return (std::size_t{shift} << sub_bits) + (value >> shift);
    }
    static std::uint64_t upper_end(std::size_t bucket) {
        if (bucket < (2U << sub_bits)) {
            return bucket;
        }
        const auto shift = (bucket >> sub_bits) - 1;
        const auto top = bucket - (shift << sub_bits);
        return ((top + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (65 - sub_bits) << sub_bits> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t highest_ = 0;
};

}  // namespace mqtt_load

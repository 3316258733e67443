#pragma once

#include "libs/base/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

// The ways that a message of the sample takes.
enum class flow : std::size_t { function_to_cloud, device_to_device };
inline constexpr std::array all_flows{flow::function_to_cloud, flow::device_to_device};

// "sensor -> function -> cloud", "sensor -> display".
std::string_view name_of(flow f);

// A reading that the sample's sensor sends. `run` marks one run of `up`: what an earlier one left
// in a queue must not be taken for today's.
std::string make_reading(std::string_view run, std::uint64_t sequence);
// The sequence number, when the payload is of this run. The function hands on both members.
std::optional<std::uint64_t> sequence_of(std::string_view payload, std::string_view run);

// Which message arrived by which flow and how long it took. Pure: the caller says what time it is.
class flow_book {
public:
    struct row {
        mono_time sent_at;
        std::array<std::optional<std::chrono::nanoseconds>, all_flows.size()> took;

        bool complete() const;
    };

    void sent(std::uint64_t sequence, mono_time now);

    // The row, with its time filled in; nullptr for a message that was never sent, arrived by this
    // flow before, or is older than the rows that are kept.
    const row* arrived(flow f, std::uint64_t sequence, mono_time now);

    // nullptr when it was never sent or is no longer kept.
    const row* find(std::uint64_t sequence) const;

    // The flows by which nothing has arrived yet.
    std::vector<flow> missing() const;
    std::uint64_t messages_sent() const { return messages_sent_; }

private:
    static constexpr std::size_t rows_kept = 64;

    std::map<std::uint64_t, row> rows_;
    std::array<bool, all_flows.size()> seen_{};
    std::uint64_t messages_sent_ = 0;
};

}  // namespace evergrass::cli

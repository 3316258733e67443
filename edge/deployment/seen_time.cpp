#include "edge/deployment/seen_time.hpp"

#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

constexpr std::chrono::hours granularity{1};
// When this was written. No clock that is right is before it.
constexpr wall_time written = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);

}  // namespace

wall_time seen_time::latest() {
    if (!latest_) {
        const auto text = read_file(file_, 4096);
        const auto document = text ? parse_json(*text) : result<json::value>(text.error());
        const auto* object = document ? document->if_object() : nullptr;
        const auto seconds = object != nullptr ? int_member(*object, "latest") : std::nullopt;
        // What a clock of 64 bits of nanoseconds can hold.
        constexpr std::int64_t most = 9'000'000'000;
        latest_ = seconds && *seconds > 0 && *seconds < most
                      ? wall_time(std::chrono::seconds(*seconds))
                      : written;
    }
    return std::max(*latest_, written);
}

time_reading seen_time::look(wall_time clock, wall_time at_least) {
    const auto known = std::max(latest(), at_least);
    return {std::max(clock, known), clock + granularity < known};
}

result<void> seen_time::keep(wall_time clock) {
    if (clock < latest() + granularity) {
        return {};
    }
    if (auto made = make_directories(file_.parent_path(), 0700); !made) {
        return made;
    }
    auto written_out = write_file_atomically(
        file_, to_pretty_json(json::object{{"latest", to_epoch_seconds(clock)}}), 0600);
    if (written_out) {
        latest_ = clock;
    }
    return written_out;
}

}  // namespace evergrass::edge

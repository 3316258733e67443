#include "edge/spooler/spool_record.hpp"

#include "libs/mqtt/types.hpp"

#include <chrono>
#include <cstdint>

namespace evergrass::edge {
namespace {

constexpr unsigned version = 2;
constexpr unsigned version_without_count = 1;
constexpr std::size_t time_bytes = 8;
constexpr std::size_t length_bytes = 2;
constexpr std::size_t count_bytes = 8;
constexpr std::size_t short_head_bytes = 1 + time_bytes + length_bytes;
constexpr std::size_t head_bytes = short_head_bytes + count_bytes;
// What wall_time can hold, in milliseconds on either side of 1970.
constexpr std::int64_t most_milliseconds = INT64_MAX / 1'000'000;

void put(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out.push_back(static_cast<char>(value >> (8 * i)));
    }
}

std::uint64_t take(std::string_view& from, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
    }
    from.remove_prefix(bytes);
    return value;
}

}  // namespace

std::string spool_record_head(wall_time at, std::string_view topic, std::uint64_t gave_way) {
    std::string head;
    head.reserve(head_bytes);
    put(head, version, 1);
    put(head, static_cast<std::uint64_t>(to_epoch_milliseconds(at)), time_bytes);
    put(head, topic.size(), length_bytes);
    put(head, gave_way, count_bytes);
    return head;
}

spool_record_outcome read_spool_record(std::string_view bytes) {
    if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) > version) {
        return {std::nullopt, spool_record_fault::later_version};
    }
    if (bytes.size() < short_head_bytes) {
        return {};
    }
    const auto of = take(bytes, 1);
    if (of != version && of != version_without_count) {
        return {};
    }
    const auto at = static_cast<std::int64_t>(take(bytes, time_bytes));
    const auto topic_bytes = static_cast<std::size_t>(take(bytes, length_bytes));
    if (of == version && bytes.size() < count_bytes) {
        return {};
    }
    const auto gave_way = of == version ? take(bytes, count_bytes) : 0;
    if (at < -most_milliseconds || at > most_milliseconds || topic_bytes > bytes.size()) {
        return {};
    }
    const auto topic = bytes.substr(0, topic_bytes);
    const bool counts = of == version && bytes.empty();
    if (!counts && !mqtt::check_topic_name(topic)) {
        return {};
    }
    return {spool_record{wall_time(std::chrono::milliseconds(at)), topic, bytes.substr(topic_bytes),
                         gave_way},
            {}};
}

}  // namespace evergrass::edge

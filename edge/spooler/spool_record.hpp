#pragma once

#include "libs/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// A waiting message as a record of the spooler's log: docs/formats/spool.md. Pure.
namespace evergrass::edge {

struct spool_record {
    wall_time at;            // when it came, to the millisecond
    std::string_view topic;  // into the bytes that it was read from; empty: only to count
    std::string_view payload;
    // Messages that had given way to newer ones when this was written, since the first file was
    // made. Those in flight are among them until their fate is known.
    std::uint64_t gave_way = 0;
};

enum class spool_record_fault {
    damaged,        // no record, or one that breaks its form
    later_version,  // of a build that is newer than this one
};

// What stands before topic and payload, which follow as they are. With an empty topic it is all of
// a record that counts and is no message. REQUIRES: the topic has at most 65,535 bytes.
std::string spool_record_head(wall_time at, std::string_view topic, std::uint64_t gave_way);

struct spool_record_outcome {
    std::optional<spool_record> record;
    spool_record_fault fault = spool_record_fault::damaged;  // without a record
};
spool_record_outcome read_spool_record(std::string_view bytes);

}  // namespace evergrass::edge

#pragma once

#include "edge/spooler/spool_queue.hpp"
#include "libs/base/result.hpp"
#include "libs/log_store/log.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace evergrass::edge {

// What an earlier run left in the spooler's log.
struct spool_leftovers {
    std::vector<spool_queue::entry> messages;  // in order; the first ones held
    std::uint64_t lost = 0;                    // records that the disk lost
    std::uint64_t gave_way = 0;                // what the newest record says
};

// Reads all of `store`; the first messages are held up to `memory_bytes`, none when `holds` is
// false. `directory` is for errors: the disk's, and errc::unsupported for records of a later
// version, which stay as they are.
result<spool_leftovers> read_spool_leftovers(const log_store::log& store,
                                             const std::string& directory, bool holds,
                                             std::size_t memory_bytes);

}  // namespace evergrass::edge

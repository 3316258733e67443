#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::edge {

// How far a log was read: in which file, whatever its name is now, and to which byte of it.
struct log_place {
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;

    bool operator==(const log_place&) const = default;
};

struct log_piece {
    std::vector<std::string> lines;  // whole ones, without their ends
    log_place next;                  // where to go on
    bool lost = false;               // what was read last has been rotated away meanwhile
};

// The end of the log as it is now: where one begins that wants only what comes.
log_place end_of_log(const std::filesystem::path& log);

// Whole lines from `from` on, about `max_bytes` of them: of the file that was read last, which may
// have been renamed since (x.log to x.1.log, x.2.log …), of those that came after it, and of the
// log itself. A `from` of no file begins with the log. Reads files, waits for nothing else.
log_piece read_log(const std::filesystem::path& log, log_place from, std::size_t max_bytes);

}  // namespace evergrass::edge

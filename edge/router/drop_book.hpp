#pragma once

#include "edge/router/drop_reason.hpp"
#include "edge/router/table.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// Messages that were dropped alike: same reason, source, topic and target.
struct drop_record {
    wall_time first;
    wall_time last;
    std::uint64_t count = 0;
    drop_reason reason = drop_reason::no_subscription;
    std::optional<endpoint> source;  // none when who lost it no longer knew
    std::string topic;
    std::optional<endpoint> target;  // none when the message had no target at all
};

using drop_totals = std::array<std::uint64_t, drop_reason_count>;

// Counts every dropped message and remembers the last ones for people. Any thread may call any
// member. count() costs an increment; the record and the log line are made as far as they are
// cheap: a thread that finds another one writing leaves them out, the count is exact all the same.
class drop_book {
public:
    // Different records that are kept; the one that was made first gives way.
    static constexpr std::size_t max_records = 256;
    // Of a topic, in a record.
    static constexpr std::size_t max_topic_bytes = 512;

    // `time` must outlive this.
    drop_book(logger log, const clock& time);

    // `source` and `target` may be null.
    void count(drop_reason reason, const endpoint* source, std::string_view topic,
               const endpoint* target);

    drop_totals totals() const;
    // Newest first.
    std::vector<drop_record> last() const;

private:
    struct slot {
        drop_record record;
        std::size_t hash = 0;
    };
    // A line a reason and second; what was left out is told in the next one.
    struct log_limit {
        std::int64_t second = 0;
        std::uint64_t told = 0;  // of the counter, when the last line was written
    };

    void write_line(drop_reason reason, const endpoint* source, std::string_view topic,
                    const endpoint* target, wall_time now);

    logger log_;
    const clock& time_;
    std::array<std::atomic<std::uint64_t>, drop_reason_count> totals_{};
    mutable std::mutex mutex_;  // of what follows
    std::vector<slot> ring_;
    std::size_t next_ = 0;
    std::array<log_limit, drop_reason_count> limits_{};
};

}  // namespace evergrass::edge

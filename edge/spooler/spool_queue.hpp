#pragma once

#include "edge/spooler/spooled_message.hpp"
#include "libs/base/time.hpp"
#include "libs/log_store/log.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// What waits for the cloud, in order, and which of it is in memory. A message that is in memory
// alone is held there whatever the limit is; one that is in the log too is held as far as it is
// next in turn and the limit allows, and read when its turn comes (read-ahead). Pure: it says from
// where to read, and takes what was read. Not for two threads at once.
//
// Invariants, between calls:
// - numbers go up by one: the front has first(), and end() is the next one that is pushed;
// - first() <= the next that take() gives <= end();
// - all before the read-ahead's end that wait are held, and that end is at least first();
// - saved_as goes up from entry to entry, those without one left out.
class spool_queue {
public:
    struct content {
        std::string topic;
        std::shared_ptr<const std::string> payload;
    };
    struct entry {
        std::uint64_t saved_as = 0;     // the log's number; 0: in memory alone
        wall_time at;                   // when it came
        std::uint32_t bytes = 0;        // topic and payload
        bool done = false;              // waits for older ones to be
        std::unique_ptr<content> held;  // null: in the log alone. REQUIRES: saved_as != 0
    };

    // `memory_bytes`: topics and payloads of messages in the log that are in memory too.
    explicit spool_queue(std::size_t memory_bytes) : limit_(memory_bytes) {}

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    std::uint64_t bytes() const { return bytes_; }  // of all, done ones too
    std::uint64_t first() const { return first_; }
    std::uint64_t end() const { return first_ + entries_.size(); }
    bool has(std::uint64_t number) const { return number >= first_ && number < end(); }
    // REQUIRES: has(number).
    const entry& at(std::uint64_t number) const {
        return entries_[static_cast<std::size_t>(number - first_)];
    }
    const std::deque<entry>& entries() const { return entries_; }
    // Was the front's turn, has take() given it?
    bool front_is_taken() const { return first_ < next_; }
    // The greatest number when none is in the log.
    std::uint64_t oldest_saved() const;
    std::size_t unsaved() const;
    // Is all that is in the log older than all that is not?
    bool is_in_order() const;

    // May a message of the log be held besides, at the back? Not where older ones are not: they are
    // read first.
    bool has_memory_for(std::uint64_t bytes) const {
        return read_end_ == end() && memory_bytes_ + bytes <= limit_;
    }
    // Is no older message in the log alone? So far as this knows: wants_from() looks again.
    bool is_all_held() const { return read_end_ == end(); }
    // The back, as end() was before. REQUIRES: held, or saved.
    void push(entry made);
    // A message that waited in memory is in the log as `saved_as` from now on.
    void note_saved(std::uint64_t number, std::uint64_t saved_as);
    // REQUIRES: !empty().
    void pop_front();
    // It goes when all before it are gone: pop_front(). REQUIRES: has(number).
    void note_done(std::uint64_t number);
    bool front_is_done() const { return !entries_.empty() && entries_.front().done; }

    // The next in turn. None: all is taken, or it has to be read first, which fill() then tells.
    std::optional<spooled_message> take();
    // The last one that take() gave is given again, unless it is gone.
    void put_back();

    // From which number of the log to read; none: nothing is to be read, or half of the memory is
    // full and nobody waits.
    std::optional<std::uint64_t> wants_from();
    struct filled {
        std::vector<std::uint64_t> lost;  // messages that the log no longer has; they are done
        bool ready = false;               // take() has what it did not have
    };
    // What the log had from its number `from` on, in order: some, or all up to `upto`, which is
    // when `found` is empty. Which of them are gone meanwhile, or came twice, does not matter.
    filled fill(std::uint64_t from, std::uint64_t upto,
                const std::vector<log_store::record>& found);

private:
    entry& entry_of(std::uint64_t number) {
        return entries_[static_cast<std::size_t>(number - first_)];
    }

    const std::size_t limit_;
    std::deque<entry> entries_;
    std::uint64_t first_ = 1;     // the number of entries_.front()
    std::uint64_t next_ = 1;      // that take() gives
    std::uint64_t read_end_ = 1;  // the read-ahead's: all before it are held, as far as they wait
    std::uint64_t bytes_ = 0;
    std::uint64_t memory_bytes_ = 0;  // of what is held
    bool starved_ = false;            // take() waits for a read
};

}  // namespace evergrass::edge

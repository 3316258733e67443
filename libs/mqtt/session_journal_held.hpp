#pragma once

#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/session_model.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <set>

// What a session journal does while its log takes no more records, because the disk fails for long:
// changes that cannot be refused are in the model, and here is what the log will have to be told.
namespace evergrass::mqtt::journal {

// The things that were changed, each once: so many there can be, and no more, however long it
// lasts.
class held_changes {
public:
    // `before`: the model without this change.
    void note(const record& change, const session_model& before);
    bool empty() const { return changed_.empty(); }
    // In the order in which the log has to be told; those of one session together.
    const std::set<object_key>& all() const { return changed_; }
    // The log has been told of the first ones, all of their sessions.
    void drop_before(std::set<object_key>::const_iterator end);

private:
    void note_end(session_id ended);

    std::set<object_key> changed_;
    std::set<session_id> born_;  // sessions that the log has never heard of
};

// Sequences of changes that were held: all have that of the next record, but are durable when the
// last of the records is that tell of them.
class held_sequences {
public:
    // From now on changes are held. `last`: the newest record.
    void hold(std::uint64_t last) { spans_.push_back({last, open}); }
    bool holding() const { return !spans_.empty() && spans_.back().end == open; }
    // REQUIRES: holding()
    std::uint64_t held() const { return spans_.back().begin + 1; }
    // All of them were told, `last` being the newest record. REQUIRES: holding(), last >= held()
    void release(std::uint64_t last) { spans_.back().end = last; }

    // Which sequence is durable when all records up to `number` are.
    std::uint64_t durable(std::uint64_t number) {
        while (!spans_.empty() && number >= spans_.front().end) {
            spans_.pop_front();
        }
        return spans_.empty() ? number : std::min(number, spans_.front().begin);
    }

private:
    static constexpr auto open = std::numeric_limits<std::uint64_t>::max();
    struct span {
        std::uint64_t begin;  // the last record before
        std::uint64_t end;    // the last one that tells of them
    };
    std::deque<span> spans_;
};

}  // namespace evergrass::mqtt::journal

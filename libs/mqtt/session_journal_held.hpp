#pragma once

#include "libs/mqtt/session_journal_records.hpp"
#include "libs/mqtt/session_model.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

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
    // The one to be told first. REQUIRES: not empty.
    const object_key& front() const { return *changed_.begin(); }
    void pop_front();

private:
    void note_end(session_id ended);

    std::set<object_key> changed_;
    std::set<session_id> born_;  // sessions that the log has never heard of
};

// The journal's sequences, from the log's. They are the same until changes are held: those all get
// one number, which is durable when the last of however many records they become is.
class renumbering {
public:
    explicit renumbering(std::uint64_t last) : last_(last), durable_(last) {}

    std::uint64_t last() const { return last_; }  // the log's
    // A record was appended; its sequence.
    std::uint64_t appended(std::uint64_t number);
    // The newest sequence, for what changed nothing.
    std::uint64_t newest() const;
    // Changes are held from now on, or are already.
    void hold();
    bool holding() const { return held_.has_value(); }
    // REQUIRES: holding(), and since hold() at least one record was appended.
    void release();
    // All of the log up to `number` is durable; which sequence is. Never goes back.
    std::uint64_t durable(std::uint64_t number);

private:
    struct turn {
        std::uint64_t begin = 0;   // the log's last record before changes were held
        std::uint64_t end = 0;     // their last one
        std::uint64_t offset = 0;  // from then on
    };

    std::uint64_t last_;
    std::uint64_t offset_ = 0;          // of what is appended now; modulo 2^64
    std::uint64_t settled_offset_ = 0;  // of what is durable
    std::optional<turn> held_;
    std::deque<turn> turns_;  // not durable yet
    std::uint64_t durable_;
};

}  // namespace evergrass::mqtt::journal

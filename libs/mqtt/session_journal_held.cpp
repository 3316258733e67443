#include "libs/mqtt/session_journal_held.hpp"

#include <algorithm>
#include <variant>

namespace evergrass::mqtt::journal {

void held_changes::note(const record& change, const session_model& before) {
    if (const auto* ended = std::get_if<session_ended_record>(&change)) {
        note_end(ended->session);
        return;
    }
    if (const auto* header = std::get_if<session_record>(&change)) {
        const auto* replaced = before.find(header->client_id);
        if (replaced != nullptr && replaced->id != header->id) {
            note_end(replaced->id);
        }
        if (before.find(header->id) == nullptr) {
            born_.insert(header->id);
        }
    }
    if (auto key = key_of(change)) {
        changed_.insert(*std::move(key));
    }
}

void held_changes::note_end(session_id ended) {
    const object_key key{ended, object_key::kind::session, 0, {}, {}};
    const object_key after{ended + 1, object_key::kind::session, 0, {}, {}};
    changed_.erase(changed_.lower_bound(key), changed_.lower_bound(after));
    if (born_.erase(ended) == 0) {
        changed_.insert(key);
    }
}

void held_changes::pop_front() {
    born_.erase(changed_.begin()->session);  // the log has been told now
    changed_.erase(changed_.begin());
}

std::uint64_t renumbering::appended(std::uint64_t number) {
    last_ = number;
    return number + offset_;
}

std::uint64_t renumbering::newest() const {
    return held_ ? held_->begin + offset_ + 1 : last_ + offset_;
}

void renumbering::hold() {
    if (!held_) {
        held_ = turn{last_, 0, 0};
    }
}

void renumbering::release() {
    held_->end = last_;
    held_->offset = newest() - last_;
    offset_ = held_->offset;
    turns_.push_back(*held_);
    held_.reset();
}

std::uint64_t renumbering::durable(std::uint64_t number) {
    while (!turns_.empty() && number >= turns_.front().end) {
        settled_offset_ = turns_.front().offset;
        turns_.pop_front();
    }
    // Of records that held changes became, some say nothing yet.
    if (!turns_.empty()) {
        number = std::min(number, turns_.front().begin);
    } else if (held_) {
        number = std::min(number, held_->begin);
    }
    durable_ = std::max(durable_, number + settled_offset_);
    return durable_;
}

}  // namespace evergrass::mqtt::journal

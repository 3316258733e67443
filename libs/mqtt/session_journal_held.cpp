#include "libs/mqtt/session_journal_held.hpp"

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

void held_changes::drop_before(std::set<object_key>::const_iterator end) {
    changed_.erase(changed_.begin(), end);
    const auto told =
        changed_.empty() ? std::numeric_limits<session_id>::max() : changed_.begin()->session;
    born_.erase(born_.begin(), born_.lower_bound(told));
}

}  // namespace evergrass::mqtt::journal

#pragma once

#include "edge/shadows/cloud_message.hpp"
#include "edge/shadows/sync_record.hpp"
#include "libs/base/time.hpp"
#include "libs/shadow/carry_out.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::edge {

struct sync_settings {
    // How long the cloud may take for an answer: V1's system.shadowSyncTimeout.
    std::chrono::milliseconds answer_limit{5'000};
    // After a failure: doubled from the first to the longest.
    std::chrono::milliseconds first_pause{500};
    std::chrono::milliseconds longest_pause{60'000};
    std::size_t window = 100;  // requests under way at once, one a shadow
    // Begins the client tokens of this engine; another one each time, at most 40 characters.
    std::string token_prefix = "core-";
};

// Keeps shadows of the core and of the cloud the same (docs/shadows.md, "Sync with the cloud").
// Pure: events and time in, messages for the cloud out; documents and records are in the store.
//
// A record's `base` is the cloud's state that the local document has taken in. What the cloud has
// changed since is merged into the local document; what the local one has beyond base is sent, for
// that version of the cloud's document alone, so that the cloud refuses it if it has changed
// meanwhile. Each event is judged by the two states, not by what was done before: a message that is
// lost, late or doubled costs a round trip at most. One thread.
class sync_engine {
public:
    sync_engine(sync_settings settings, sync_store& store);

    // Makes these the synced shadows. What is known of others stays in the store.
    void follow(const std::map<shadow::shadow_id, sync_direction>& wanted, mono_time now);
    bool follows(const shadow::shadow_id& which) const { return entries_.contains(which); }

    // The link is up, and what the cloud says of the followed shadows is subscribed to.
    void link_up(mono_time now);
    void link_down();
    // The local document has changed, not by this engine.
    void local_changed(const shadow::shadow_id& which, mono_time now);
    void hear(const cloud_message& said, mono_time now);
    // At next_deadline() or later.
    void tick(mono_time now);
    std::optional<mono_time> next_deadline() const;

    // What is to be sent, at most once each, after all that was written is on the disk.
    std::vector<shadow::message> take_messages();
    // Instead, when what was written since the last take_messages() was lost.
    void undo(mono_time now);

    // A shadow whose copies cannot be made the same, until one of them changes.
    struct stuck {
        shadow::shadow_id which;
        std::string why;
    };
    // Since the last call; for the log.
    std::vector<stuck> take_stuck() { return std::exchange(stuck_, {}); }
    // Of the store, since the last call; for the log. The shadow is looked at again later.
    std::vector<error> take_errors() { return std::exchange(errors_, {}); }

    struct numbers {
        std::size_t followed = 0;
        std::size_t settled = 0;  // both sides are the same, as far as is known
        std::size_t stuck = 0;
    };
    numbers count() const;

private:
    using shadow_id = shadow::shadow_id;
    enum class request { none, get, update, remove };
    struct entry {
        sync_direction way = sync_direction::both;
        request asked = request::none;
        std::uint64_t token = 0;
        std::int64_t asked_at = 0;  // the cloud's version as known when a get was sent
        std::int64_t told = 0;      // the highest version of an update told since then
        std::int64_t deleted = 0;   // of a delete told since then: 1 + the version that is gone
        bool behind = true;         // what the cloud has is to be asked
        bool queued = false;
        bool stuck = false;
        unsigned failures = 0;
        std::optional<mono_time> timer;  // of the answer, or of the pause
    };
    struct cloud_state {
        bool exists = false;
        json::object state;
        std::int64_t version = 0;
    };
    using entries = std::map<shadow_id, entry>;

    void enqueue(const shadow_id& which, entry& e);
    void pump(mono_time now);
    result<void> advance(const shadow_id& which, entry& e, mono_time now);
    result<void> push(const shadow_id& which, entry& e, mono_time now);
    void send(const shadow_id& which, entry& e, request what, std::string payload_members,
              mono_time now);
    void finish(const shadow_id& which, entry& e);
    void set_timer(const shadow_id& which, entry& e, std::optional<mono_time> at);
    void pause(const shadow_id& which, entry& e, mono_time now);
    void note(const shadow_id& which, entry& e, const error& failed, mono_time now);
    void get_stuck(const shadow_id& which, entry& e, std::string why);

    result<void> judge(const cloud_message& said, entry& e, mono_time now);
    result<void> updated(const cloud_message& said, entry& e, bool mine);
    result<void> mine_accepted(const cloud_message& said, entry& e, sync_record known);
    result<void> got(const cloud_message& said, entry& e);
    result<void> removed(const cloud_message& said, entry& e, bool mine);
    result<void> rejected(const cloud_message& said, entry& e, mono_time now);
    result<void> forget_cloud(const shadow_id& which, sync_record known, std::int64_t version);
    result<void> take(const shadow_id& which, entry& e, sync_record known, cloud_state cloud);
    result<void> merge(const shadow_id& which, entry& e, sync_record known, cloud_state cloud,
                       const shadow::document& local);

    std::string token_of(const entry& e) const;
    bool is_ours(const std::string& token) const;

    sync_settings settings_;
    sync_store& store_;
    entries entries_;
    std::deque<shadow_id> ready_;
    std::set<std::pair<mono_time, shadow_id>> timers_;
    std::set<shadow_id> touched_;  // since take_messages()
    std::vector<shadow::message> messages_;
    std::vector<stuck> stuck_;
    std::vector<error> errors_;
    std::size_t under_way_ = 0;
    std::uint64_t last_token_ = 0;
    bool linked_ = false;
};

}  // namespace evergrass::edge

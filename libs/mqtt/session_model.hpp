#pragma once

#include "libs/base/time.hpp"
#include "libs/mqtt/session_journal.hpp"
#include "libs/mqtt/session_journal_records.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// What the records of a session journal amount to. Pure; one thread at a time.
namespace evergrass::mqtt::journal {

// Where in the log a record is.
struct place {
    std::uint64_t number = 0;    // the log's sequence
    std::uint64_t position = 0;  // bytes of all records before it, ever
    std::uint64_t bytes = 0;     // that it takes
};

class live_list;

// A part of the model that one record tells, and that would be lost with it.
class live_entry {
public:
    enum class kind : std::uint8_t { session, subscription, message, delivery, received, retained };

    explicit live_entry(kind what) : what_(what) {}
    live_entry(const live_entry&) = delete;
    live_entry& operator=(const live_entry&) = delete;
    ~live_entry() { unlink(); }

    kind what() const { return what_; }
    const place& at() const { return at_; }

private:
    friend class live_list;
    void unlink();

    live_list* list_ = nullptr;  // null: its record has not come
    live_entry* before_ = nullptr;
    live_entry* after_ = nullptr;
    place at_;
    kind what_;
};

// All of them, the one whose record is the oldest in front. Outlives its entries.
class live_list {
public:
    live_list() = default;
    live_list(const live_list&) = delete;
    live_list& operator=(const live_list&) = delete;

    // The entry's newest record is here, behind all others.
    void put_last(live_entry& entry, const place& at);
    const live_entry* oldest() const { return first_; }
    static const live_entry* next(const live_entry& entry) { return entry.after_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    friend class live_entry;
    live_entry* first_ = nullptr;
    live_entry* last_ = nullptr;
    std::uint64_t bytes_ = 0;
};

struct message_entry : live_entry {
    message_entry() : live_entry(kind::message) {}
    kept_message message;
    // The deliveries that its record named; those that have ended since are among them.
    std::vector<std::pair<session_id, std::uint64_t>> named;
};

struct delivery_entry : live_entry {
    delivery_entry(session_id s, std::uint64_t o)
        : live_entry(kind::delivery), session(s), order(o) {}
    session_id session;
    std::uint64_t order;
};

struct kept_delivery {
    std::shared_ptr<message_entry> message;  // null once PUBREC came, and
    std::unique_ptr<delivery_entry> alone;   // from then on not null
    std::vector<std::uint32_t> subscription_ids;
    std::uint16_t packet_id = 0;
    qos level = qos::at_least_once;
    bool retain = false;
    bool sent = false;
};

struct kept_subscription : live_entry {
    explicit kept_subscription(session_id s) : live_entry(kind::subscription), session(s) {}
    session_id session;
    std::string_view filter;  // the key's
    subscription_options options;
    std::uint32_t subscription_id = 0;
};

struct received_entry : live_entry {
    received_entry(session_id s, std::uint16_t p)
        : live_entry(kind::received), session(s), packet_id(p) {}
    session_id session;
    std::uint16_t packet_id;
};

struct kept_session : live_entry {
    explicit kept_session(session_id i) : live_entry(kind::session), id(i) {}
    session_id id;
    bool known = false;  // its session_record has come; else the rest of this is void
    std::string client_id;
    protocol_version version = protocol_version::v3_1_1;
    std::uint32_t expiry_seconds = 0;
    std::optional<wall_time> left_at;
    kept_message will;  // null: none
    wall_time will_due{};
    std::optional<std::uint64_t> told_subscriptions;  // how many the newest record says there are
    std::map<std::string, kept_subscription, std::less<>> subscriptions;
    std::map<std::uint64_t, kept_delivery> deliveries;
    std::map<std::uint16_t, received_entry> received;

    session_record header() const;  // views into this
    bool expired(wall_time now) const;
};

struct kept_retained : live_entry {
    kept_retained() : live_entry(kind::retained) {}
    kept_message message;
};

// What a record is about, so that what the log should say of it can be told later.
struct object_key {
    session_id session = 0;
    // In the order in which they have to be said.
    enum class kind : std::uint8_t { session, subscription, delivery, received, retained } what{};
    std::uint64_t number = 0;  // a delivery's order, a packet id
    std::string name;          // a filter, a topic
    std::string source;        // of what was retained
    auto operator<=>(const object_key&) const = default;
};
// None of a message, the clock or the process.
std::optional<object_key> key_of(const record& r);

class session_model {
public:
    // Order matters as far as a record changes what one before it says, not beyond: the oldest
    // record that still counts may come again at the end. A record that is about nothing known is
    // passed over.
    void apply(const record& r, const place& at);

    const live_entry* oldest() const { return live_.oldest(); }
    std::uint64_t live_bytes() const { return live_.bytes(); }
    // The record that says all of this once more; views into the model and `parts`.
    record again(const live_entry& entry, std::vector<delivery_part>& parts);
    // It was written there.
    void moved(const live_entry& entry, const place& at);

    // The newest record of an object: it says what it is, or that it is no more. `entry` is what
    // then has its place there, if any.
    struct current {
        record what;
        const live_entry* entry = nullptr;
    };
    // None: the log says it already.
    std::optional<current> tell(const object_key& key);

    // Null: none.
    const kept_session* find(std::string_view client_id) const;
    const kept_session* find(session_id id) const;
    const kept_retained* find_retained(std::string_view source, std::string_view topic) const;
    session_id next_session() const { return next_session_; }

    // Sessions of which records must be missing: nobody says whose they are (no client id), or how
    // many subscriptions there are is not what the newest record says. Such a one is better ended
    // than resumed: its client would believe to be subscribed.
    std::vector<const kept_session*> incomplete() const;

    // Is there a time in here that cannot be: later than `now`, or from before the clock was ever
    // set while it now is? A clock_record then puts it right.
    bool clock_was_set(wall_time now) const;
    // What ends sessions that have expired, and messages that nobody was sent yet.
    std::vector<record> expired(wall_time now) const;

    std::vector<session_journal::kept_session> sessions() const;  // by client id
    std::vector<message_ptr> retained() const;

    // Each part's newest record, the oldest first.
    template <class Each>
    void for_each_record(Each each) {
        std::vector<delivery_part> parts;
        for (const auto* entry = live_.oldest(); entry != nullptr;
             entry = live_list::next(*entry)) {
            each(again(*entry, parts));
        }
    }

private:
    friend struct applier;
    struct by_source_and_topic {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            const std::string_view a_source = a.first;
            const auto source = a_source <=> std::string_view(b.first);
            return source != 0 ? source < 0
                               : std::string_view(a.second) < std::string_view(b.second);
        }
    };

    kept_session* find_mutable(session_id id);
    kept_session& found_or_made(session_id id);
    void end(kept_session& s);

    live_list live_;
    std::unordered_map<session_id, std::unique_ptr<kept_session>> sessions_;
    std::unordered_map<std::string_view, kept_session*> by_client_;  // the known ones
    std::map<std::pair<std::string, std::string>, kept_retained, by_source_and_topic> retained_;
    session_id next_session_ = 1;
};

}  // namespace evergrass::mqtt::journal

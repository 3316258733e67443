#include "libs/mqtt/session_model.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace evergrass::mqtt::journal {
namespace {

using progress = session_journal::delivery::progress;
using duration = wall_time::duration;

constexpr std::uint32_t never_expires = 0xFFFF'FFFF;
// What the record of a QoS 2 packet identifier takes in the log, when it stands alone.
constexpr std::uint64_t received_bytes = 24;
// 2020: a clock that reads less was never set.
constexpr wall_time clocks_are_set_after{std::chrono::seconds(1'577'836'800)};

// Times of a damaged record can be any.
duration between(wall_time from, wall_time to) {
    duration::rep ticks = 0;
    if (__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(),
                               &ticks)) {
        return to < from ? duration::min() : duration::max();
    }
    return duration(ticks);
}

wall_time later(wall_time from, duration by) {
    duration::rep ticks = 0;
    if (__builtin_add_overflow(from.time_since_epoch().count(), by.count(), &ticks)) {
        return by.count() < 0 ? wall_time::min() : wall_time::max();
    }
    return wall_time(duration(ticks));
}

// Was this not noted by the clock that now reads `now`?
bool by_another_clock(wall_time noted, wall_time now) {
    return noted > now || (noted < clocks_are_set_after && now >= clocks_are_set_after);
}

bool by_another_clock(const kept_message& m, wall_time now) {
    return m.what->expires_at && by_another_clock(m.since, now);
}

// Gives it as long as it had when it came.
void count_from(kept_message& m, wall_time now) {
    if (!by_another_clock(m, now)) {
        return;
    }
    auto changed = std::make_shared<stored_message>(*m.what);
    changed->expires_at = later(now, between(m.since, *m.what->expires_at));
    m = {std::move(changed), now};
}

bool expired(const kept_message& m, wall_time now) {
    return m.what->expires_at && *m.what->expires_at <= now;
}

}  // namespace

// --- Entries -------------------------------------------------------------------------------------

void live_entry::unlink() {
    if (list_ == nullptr) {
        return;
    }
    (before_ != nullptr ? before_->after_ : list_->first_) = after_;
    (after_ != nullptr ? after_->before_ : list_->last_) = before_;
    list_->bytes_ -= at_.bytes;
    list_ = nullptr;
}

void live_list::put_last(live_entry& entry, const place& at) {
    entry.unlink();
    entry.list_ = this;
    entry.at_ = at;
    entry.before_ = last_;
    entry.after_ = nullptr;
    (last_ != nullptr ? last_->after_ : first_) = &entry;
    last_ = &entry;
    bytes_ += at.bytes;
}

session_record kept_session::header() const {
    return {id, client_id, version, expiry_seconds, subscriptions.size(), left_at, will, will_due};
}

bool kept_session::expired(wall_time now) const {
    return left_at && expiry_seconds != never_expires &&
           between(*left_at, now) >= std::chrono::seconds(expiry_seconds);
}

// --- Applying ------------------------------------------------------------------------------------

struct applier {
    session_model& model;
    const place& at;

    void operator()(const session_record& r) const {
        auto* known = model.find_mutable(r.id);
        if (known != nullptr && known->known && known->client_id != r.client_id) {
            return;
        }
        if (const auto other = model.by_client_.find(r.client_id);
            other != model.by_client_.end() && other->second != known) {
            model.end(*other->second);
        }
        auto& s = model.found_or_made(r.id);
        if (!s.known) {
            s.known = true;
            s.client_id = r.client_id;
            model.by_client_.emplace(s.client_id, &s);
        }
        s.version = r.version;
        s.expiry_seconds = r.expiry_seconds;
        s.left_at = r.left_at;
        s.will = r.will;
        s.will_due = r.will_due;
        s.told_subscriptions = r.subscriptions;
        model.live_.put_last(s, at);
    }

    void operator()(const session_ended_record& r) const {
        if (auto* s = model.find_mutable(r.session)) {
            model.end(*s);
        }
    }

    void operator()(const will_done_record& r) const {
        if (auto* s = model.find_mutable(r.session)) {
            s->will.what.reset();
        }
    }

    void operator()(const subscription_record& r) const {
        auto& s = model.found_or_made(r.session);
        auto found = s.subscriptions.find(r.filter);
        if (found == s.subscriptions.end()) {
            found = s.subscriptions.try_emplace(std::string(r.filter), s.id).first;
            found->second.filter = found->first;
        }
        found->second.options = r.options;
        found->second.subscription_id = r.subscription_id;
        s.told_subscriptions = r.subscriptions;
        model.live_.put_last(found->second, at);
    }

    void operator()(const unsubscribed_record& r) const {
        if (auto* s = model.find_mutable(r.session)) {
            if (const auto found = s->subscriptions.find(r.filter);
                found != s->subscriptions.end()) {
                s->subscriptions.erase(found);
            }
            s->told_subscriptions = r.subscriptions;
        }
    }

    void operator()(const message_record& r) const {
        if (!r.deliveries.empty()) {
            auto entry = std::make_shared<message_entry>();
            entry->message = r.message;
            entry->named.reserve(r.deliveries.size());
            model.live_.put_last(*entry, at);
            for (const auto& d : r.deliveries) {
                entry->named.emplace_back(d.session, d.order);
                auto& all = model.found_or_made(d.session).deliveries;
                auto& kept = all.try_emplace(all.end(), d.order)->second;
                kept.message = entry;
                kept.alone.reset();
                kept.subscription_ids.assign(d.subscription_ids.begin(), d.subscription_ids.end());
                kept.packet_id = d.packet_id;
                kept.level = d.level;
                kept.retain = d.retain;
                kept.sent = d.state != progress::waiting;
            }
        }
        if (r.from) {
            // In the same record, but it will take one of its own when the message is not needed.
            received(*r.from, {at.number, at.position, received_bytes});
        }
    }

    void operator()(const sent_record& r) const {
        if (auto* d = delivery(r.session, r.order)) {
            d->sent = true;
        }
    }

    void operator()(const pubrec_record& r) const {
        auto& kept = model.found_or_made(r.session).deliveries[r.order];
        kept.message.reset();
        if (!kept.alone) {
            kept.alone = std::make_unique<delivery_entry>(r.session, r.order);
        }
        kept.subscription_ids = {};
        kept.packet_id = r.packet_id;
        kept.level = r.level;
        kept.retain = r.retain;
        kept.sent = true;
        model.live_.put_last(*kept.alone, at);
    }

    void operator()(const finished_record& r) const {
        if (auto* s = model.find_mutable(r.session)) {
            s->deliveries.erase(r.order);
        }
    }

    void operator()(const received_record& r) const { received(r, at); }

    void operator()(const released_record& r) const {
        if (auto* s = model.find_mutable(r.session)) {
            s->received.erase(r.packet_id);
        }
    }

    void operator()(const retained_record& r) const {
        const auto& m = *r.message.what;
        auto found =
            model.retained_.find(std::pair<std::string_view, std::string_view>(m.source, m.topic));
        if (found == model.retained_.end()) {
            found = model.retained_.try_emplace({m.source, m.topic}).first;
        }
        found->second.message = r.message;
        model.live_.put_last(found->second, at);
    }

    void operator()(const retained_cleared_record& r) const {
        const auto found = model.retained_.find(std::pair(r.source, r.topic));
        if (found != model.retained_.end()) {
            model.retained_.erase(found);
        }
    }

    void operator()(const clock_record& r) const {
        for (auto& [id, s] : model.sessions_) {
            if (s->left_at && by_another_clock(*s->left_at, r.now)) {
                s->will_due = later(r.now, between(*s->left_at, s->will_due));
                s->left_at = r.now;
            }
            if (s->will.what) {
                count_from(s->will, r.now);
            }
            for (auto& [order, d] : s->deliveries) {
                if (d.message) {
                    count_from(d.message->message, r.now);
                }
            }
        }
        for (auto& [key, kept] : model.retained_) {
            count_from(kept.message, r.now);
        }
    }

    void operator()(const started_record& r) const {
        for (auto& [id, s] : model.sessions_) {
            if (!s->left_at) {
                s->left_at = r.now;
            }
        }
    }

private:
    void received(const received_record& r, const place& where) const {
        auto& all = model.found_or_made(r.session).received;
        auto& entry = all.try_emplace(r.packet_id, r.session, r.packet_id).first->second;
        model.live_.put_last(entry, where);
    }

    kept_delivery* delivery(session_id session, std::uint64_t order) const {
        auto* s = model.find_mutable(session);
        if (s == nullptr) {
            return nullptr;
        }
        const auto found = s->deliveries.find(order);
        return found != s->deliveries.end() ? &found->second : nullptr;
    }
};

void session_model::apply(const record& r, const place& at) {
    std::visit(applier{*this, at}, r);
}

kept_session* session_model::find_mutable(session_id id) {
    const auto found = sessions_.find(id);
    return found != sessions_.end() ? found->second.get() : nullptr;
}

// A record may come before that of its session, when that one was written again.
kept_session& session_model::found_or_made(session_id id) {
    auto& s = sessions_[id];
    if (!s) {
        s = std::make_unique<kept_session>(id);
        next_session_ = std::max(next_session_, id + 1);
    }
    return *s;
}

void session_model::end(kept_session& s) {
    if (s.known) {
        by_client_.erase(s.client_id);
    }
    sessions_.erase(s.id);
}

// --- Telling once more ---------------------------------------------------------------------------

record session_model::again(const live_entry& entry, std::vector<delivery_part>& parts) {
    switch (entry.what()) {
        case live_entry::kind::session:
            return static_cast<const kept_session&>(entry).header();
        case live_entry::kind::subscription: {
            const auto& s = static_cast<const kept_subscription&>(entry);
            return subscription_record{s.session, find(s.session)->subscriptions.size(), s.filter,
                                       s.options, s.subscription_id};
        }
        case live_entry::kind::delivery: {
            const auto& key = static_cast<const delivery_entry&>(entry);
            const auto& d = find(key.session)->deliveries.at(key.order);
            return pubrec_record{key.session, key.order, d.packet_id, d.level, d.retain};
        }
        case live_entry::kind::received: {
            const auto& r = static_cast<const received_entry&>(entry);
            return received_record{r.session, r.packet_id};
        }
        case live_entry::kind::retained:
            return retained_record{static_cast<const kept_retained&>(entry).message};
        case live_entry::kind::message:
            break;
    }
    const auto& m = static_cast<const message_entry&>(entry);
    parts.clear();
    for (const auto& [session, order] : m.named) {
        const auto* s = find(session);
        const auto found =
            s != nullptr ? s->deliveries.find(order) : decltype(s->deliveries.end()){};
        if (s != nullptr && found != s->deliveries.end() && found->second.message.get() == &m) {
            const auto& d = found->second;
            parts.push_back({session, order, d.packet_id, d.level, d.retain,
                             d.sent ? progress::sent : progress::waiting, d.subscription_ids});
        }
    }
    return message_record{m.message, parts, {}};
}

void session_model::moved(const live_entry& entry, const place& at) {
    auto& mine = const_cast<live_entry&>(entry);  // all entries are ours
    live_.put_last(mine, at);
}

std::optional<object_key> key_of(const record& r) {
    using kind = object_key::kind;
    struct visitor {
        std::optional<object_key> operator()(const session_record& r) const {
            return object_key{r.id, kind::session, 0, {}, {}};
        }
        std::optional<object_key> operator()(const session_ended_record& r) const {
            return object_key{r.session, kind::session, 0, {}, {}};
        }
        std::optional<object_key> operator()(const will_done_record& r) const {
            return object_key{r.session, kind::session, 0, {}, {}};
        }
        std::optional<object_key> operator()(const subscription_record& r) const {
            return object_key{r.session, kind::subscription, 0, std::string(r.filter), {}};
        }
        std::optional<object_key> operator()(const unsubscribed_record& r) const {
            return object_key{r.session, kind::subscription, 0, std::string(r.filter), {}};
        }
        std::optional<object_key> operator()(const message_record&) const { return {}; }
        std::optional<object_key> operator()(const sent_record& r) const {
            return object_key{r.session, kind::delivery, r.order, {}, {}};
        }
        std::optional<object_key> operator()(const pubrec_record& r) const {
            return object_key{r.session, kind::delivery, r.order, {}, {}};
        }
        std::optional<object_key> operator()(const finished_record& r) const {
            return object_key{r.session, kind::delivery, r.order, {}, {}};
        }
        std::optional<object_key> operator()(const received_record& r) const {
            return object_key{r.session, kind::received, r.packet_id, {}, {}};
        }
        std::optional<object_key> operator()(const released_record& r) const {
            return object_key{r.session, kind::received, r.packet_id, {}, {}};
        }
        std::optional<object_key> operator()(const retained_record& r) const {
            return object_key{0, kind::retained, 0, r.message.what->topic, r.message.what->source};
        }
        std::optional<object_key> operator()(const retained_cleared_record& r) const {
            return object_key{0, kind::retained, 0, std::string(r.topic), std::string(r.source)};
        }
        std::optional<object_key> operator()(const clock_record&) const { return {}; }
        std::optional<object_key> operator()(const started_record&) const { return {}; }
    };
    return std::visit(visitor{}, r);
}

std::optional<session_model::current> session_model::tell(const object_key& key) {
    using kind = object_key::kind;
    if (key.what == kind::retained) {
        const auto* kept = find_retained(key.source, key.name);
        return kept == nullptr ? current{retained_cleared_record{key.source, key.name}, nullptr}
                               : current{retained_record{kept->message}, kept};
    }
    const auto* s = find(key.session);
    if (key.what == kind::session) {
        if (s == nullptr) {
            return current{session_ended_record{key.session}, nullptr};
        }
        return s->known ? std::optional(current{s->header(), s}) : std::nullopt;
    }
    if (s == nullptr) {
        return std::nullopt;  // all that was its ended with it
    }
    std::vector<delivery_part> none;
    if (key.what == kind::subscription) {
        const auto found = s->subscriptions.find(key.name);
        return found == s->subscriptions.end()
                   ? current{unsubscribed_record{key.session, s->subscriptions.size(), key.name},
                             nullptr}
                   : current{again(found->second, none), &found->second};
    }
    if (key.what == kind::received) {
        const auto packet_id = static_cast<std::uint16_t>(key.number);
        const auto found = s->received.find(packet_id);
        return found == s->received.end()
                   ? current{released_record{key.session, packet_id}, nullptr}
                   : current{again(found->second, none), &found->second};
    }
    const auto found = s->deliveries.find(key.number);
    if (found == s->deliveries.end()) {
        return current{finished_record{key.session, key.number}, nullptr};
    }
    if (const auto* alone = found->second.alone.get()) {
        return current{again(*alone, none), alone};
    }
    return current{sent_record{key.session, key.number}, nullptr};
}

// --- Looking -------------------------------------------------------------------------------------

const kept_session* session_model::find(std::string_view client_id) const {
    const auto found = by_client_.find(client_id);
    return found != by_client_.end() ? found->second : nullptr;
}

const kept_session* session_model::find(session_id id) const {
    const auto found = sessions_.find(id);
    return found != sessions_.end() ? found->second.get() : nullptr;
}

const kept_retained* session_model::find_retained(std::string_view source,
                                                  std::string_view topic) const {
    const auto found = retained_.find(std::pair(source, topic));
    return found != retained_.end() ? &found->second : nullptr;
}

std::vector<const kept_session*> session_model::incomplete() const {
    std::vector<const kept_session*> found;
    for (const auto& [id, s] : sessions_) {
        if (!s->known || s->told_subscriptions != s->subscriptions.size()) {
            found.push_back(s.get());
        }
    }
    std::sort(found.begin(), found.end(), [](auto* a, auto* b) { return a->id < b->id; });
    return found;
}

bool session_model::clock_was_set(wall_time now) const {
    for (const auto& [id, s] : sessions_) {
        if ((s->left_at && by_another_clock(*s->left_at, now)) ||
            (s->will.what && by_another_clock(s->will, now))) {
            return true;
        }
        for (const auto& [order, d] : s->deliveries) {
            if (d.message && by_another_clock(d.message->message, now)) {
                return true;
            }
        }
    }
    return std::any_of(retained_.begin(), retained_.end(), [&](const auto& kept) {
        return by_another_clock(kept.second.message, now);
    });
}

std::vector<record> session_model::expired(wall_time now) const {
    std::vector<record> ends;
    for (const auto& [id, s] : sessions_) {
        if (s->expired(now)) {
            ends.emplace_back(session_ended_record{id});
            continue;
        }
        for (const auto& [order, d] : s->deliveries) {
            // One whose sending has begun is finished, however late [MQTT-3.3.2-5].
            if (d.message && !d.sent && journal::expired(d.message->message, now)) {
                ends.emplace_back(finished_record{id, order});
            }
        }
    }
    for (const auto& [key, kept] : retained_) {
        if (journal::expired(kept.message, now)) {
            ends.emplace_back(retained_cleared_record{key.first, key.second});
        }
    }
    return ends;
}

std::vector<session_journal::kept_session> session_model::sessions() const {
    std::vector<session_journal::kept_session> all;
    all.reserve(by_client_.size());
    for (const auto& [client_id, s] : by_client_) {
        auto& made = all.emplace_back();
        made.client_id = s->client_id;
        made.version = s->version;
        made.expiry_seconds = s->expiry_seconds;
        made.left_at = s->left_at;
        for (const auto& [filter, sub] : s->subscriptions) {
            made.subscriptions.push_back({filter, sub.options, sub.subscription_id});
        }
        for (const auto& [order, d] : s->deliveries) {
            const auto state = d.alone  ? progress::received
                               : d.sent ? progress::sent
                                        : progress::waiting;
            made.deliveries.push_back({s->client_id, order, d.packet_id, d.level, d.retain,
                                       d.subscription_ids, state,
                                       d.message ? d.message->message.what : nullptr});
        }
        for (const auto& [packet_id, entry] : s->received) {
            made.received_packet_ids.push_back(packet_id);
        }
        if (s->will.what) {
            made.delayed_will = {s->will.what, s->will_due};
        }
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.client_id < b.client_id; });
    return all;
}

std::vector<message_ptr> session_model::retained() const {
    std::vector<message_ptr> all;
    all.reserve(retained_.size());
    for (const auto& [key, kept] : retained_) {
        all.push_back(kept.message.what);
    }
    return all;
}

}  // namespace evergrass::mqtt::journal

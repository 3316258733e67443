#include "libs/mqtt/broker.hpp"

#include "libs/mqtt/broker_gather.hpp"
#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/lifetime.hpp"
#include "libs/mqtt/server_link.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {
namespace {

constexpr std::uint32_t never = 0xFFFF'FFFF;  // a session expiry [MQTT5 3.1.2.11.2]

// The same will, published at another time: its message lives as long from then on.
session_journal::will postponed(session_journal::will will, wall_time due) {
    const auto& expires_at = will.message->expires_at;
    if (expires_at && will.due != due) {
        const auto lifetime = *expires_at - will.due;
        auto moved = std::make_shared<stored_message>(*will.message);
        moved->expires_at = due > wall_time::max() - lifetime ? wall_time::max() : due + lifetime;
        will.message = std::move(moved);
    }
    will.due = due;
    return will;
}

}  // namespace

std::size_t home_of(std::string_view client_id, std::size_t shards) {
    return shards <= 1 ? 0 : std::hash<std::string_view>{}(client_id) % shards;
}

broker::implementation::implementation(broker_shared with, std::size_t number)
    : shared(std::move(with)), shard(number) {}

broker::implementation::~implementation() = default;

session* broker::implementation::find(std::string_view client_id) {
    const auto found = sessions.find(client_id);
    return found == sessions.end() ? nullptr : found->second.get();
}

session& broker::implementation::begin_session(client_info who, std::uint32_t expiry_seconds,
                                               session_journal::sequence& seq) {
    if (auto* const old = find(who.id)) {
        seq = end_session(*old, "the client begins a new one");
    }
    auto fresh = std::make_unique<session>();
    fresh->info = std::move(who);
    fresh->expiry_seconds = expiry_seconds;
    fresh->journaled = shared.journal != nullptr && fresh->outlives_connection();
    fresh->generation = shared.rules.generation();
    auto& made = *fresh;
    sessions.emplace(made.info.id, std::move(fresh));
    shared.sessions.fetch_add(1, std::memory_order_relaxed);
    if (made.journaled) {
        seq = shared.journal->session_begun(made.info.id, made.info.version, expiry_seconds);
    }
    changed();
    return made;
}

session_journal::sequence broker::implementation::resume_session(session& which,
                                                                 std::uint32_t expiry_seconds) {
    which.generation = session::rights_unknown;  // the client may have others now
    which.expiry_seconds = expiry_seconds;
    disarm_session(which);
    const bool had_will = std::exchange(which.delayed_will, std::nullopt).has_value();
    changed();
    if (!which.journaled) {
        return 0;
    }
    if (had_will) {
        shared.journal->will_done(which.info.id);
    }
    return shared.journal->session_resumed(which.info.id, which.info.version, expiry_seconds);
}

void broker::implementation::drop_queue(session& which, loss why) {
    for (const auto& waiting : which.queue) {
        // PUBREC has come: the client has it.
        if (!waiting.message && waiting.state == session_journal::delivery::progress::sent) {
            shared.rules.lost(why, {}, {}, which.info.id);  // nobody knows whether it arrived
        } else if (waiting.message &&
                   waiting.state != session_journal::delivery::progress::received) {
            shared.rules.lost(why, waiting.message->source, waiting.message->topic, which.info.id);
        }
    }
    which.queue.clear();
    which.turns.clear();
    which.sent = 0;
    which.inflight = 0;
    which.queued_bytes = 0;
}

session_journal::sequence broker::implementation::end_session(session& which,
                                                              std::string_view why) {
    forget_subscriptions(which);  // its own will is not for it
    publish_due_will(which);      // [MQTT-3.1.3-9]: at the session's end at the latest
    if (!which.queue.empty()) {
        shared.log.debug("An MQTT session ended with messages that waited.",
                         {{"clientId", which.info.id},
                          {"messages", which.queue.size()},
                          {"reason", std::string(why)}});
    }
    drop_queue(which, loss::session_ended);
    ungather_all(which);
    session_journal::sequence seq = 0;
    if (which.journaled) {
        seq = shared.journal->session_ended(which.info.id);
    }
    changed();
    disarm_session(which);
    shared.sessions.fetch_sub(1, std::memory_order_relaxed);
    sessions.erase(sessions.find(which.info.id));
    return seq;
}

void broker::implementation::leave(session& which, server_link& from, bool clean,
                                   std::string_view why) {
    which.link = nullptr;
    which.inflight = 0;
    pass_on_turns(which);
    shared.connections.fetch_sub(1, std::memory_order_relaxed);
    shared.rules.disconnected(which.info, clean, why);
    // What was sent waits for its acknowledgement on the next connection; what a connection alone
    // was to remember has no message any more and goes with it.
    std::optional<session_journal::will> will;
    if (!clean) {
        will = std::exchange(from.will_, std::nullopt);
    }
    const bool stays = which.outlives_connection();
    if (stays) {
        share_connected(which, false);
    } else {
        forget_subscriptions(which);  // before its own will looks for receivers
    }
    const auto delay = std::min(from.will_delay_, which.expiry_seconds);
    if (std::exchange(from.will_is_elsewhere_, false)) {
        shared.journal->will_left(which.info.id,
                                  will ? std::optional(after(wall, delay)) : std::nullopt);
        will.reset();
    }
    if (will && stays && (delay > 0 || stopped)) {
        which.will_due = now + std::chrono::seconds(delay);
        which.delayed_will = postponed(*std::exchange(will, std::nullopt), after(wall, delay));
    }
    if (will) {
        const auto who = which.info;  // the session may end while the will goes round
        publish_will(who, postponed(*will, wall).message);
    }
    if (!stays) {
        end_session(which, why);
        return;
    }
    if (which.expiry_seconds != never) {
        which.expires_at = now + std::chrono::seconds(which.expiry_seconds);
    }
    arm_session(which);
    if (which.journaled) {
        shared.journal->session_left(which.info.id, which.expiry_seconds, wall, which.delayed_will);
    }
}

void broker::implementation::publish_will(const client_info& from, const message_ptr& will) {
    const publication message(will, wall);
    publish_view view;
    view.topic = will->topic;
    view.payload = *will->payload;
    view.level = will->level;
    view.retain = will->retain;
    view.properties = will->properties;
    if (shared.rules.may_publish(from, view).what != publish_verdict::action::route) {
        return;
    }
    receipt nobody_waits;
    const auto way = find_route(&from, from.id, message.topic(), false);
    if (message.retain() && !way->nobody && !retain_message(message, nobody_waits)) {
        shared.rules.lost(loss::not_stored, message.source(), message.topic(), {});
    }
    route_message(message, *way, &from, {nobody_waits});
}

void broker::implementation::publish_due_will(session& which) {
    disarm_will(which);
    if (const auto will = std::exchange(which.delayed_will, std::nullopt)) {
        const auto who = which.info;
        publish_will(who, postponed(*will, wall).message);
        // After it: a crash between the two publishes it twice, and never not at all.
        if (which.journaled) {
            shared.journal->will_done(which.info.id);
        }
    }
}

bool broker::implementation::is_durable(session_journal::sequence seq) const {
    return shared.journal == nullptr || seq <= saved || seq <= shared.journal->durable();
}

void broker::implementation::keep_until(session_journal::sequence seq, receipt until) {
    if (until && !is_durable(seq)) {
        unsaved.emplace_back(seq, std::move(until));
    }
}

void broker::implementation::note_subscriptions(std::ptrdiff_t change) {
    shared.subscriptions[shard].fetch_add(static_cast<std::size_t>(change),
                                          std::memory_order_relaxed);
}

// --- broker
// ---------------------------------------------------------------------------------------

broker::broker(broker_shared shared, std::size_t shard)
    : implementation_(std::make_unique<implementation>(std::move(shared), shard)) {}

broker::~broker() = default;

std::unique_ptr<link> broker::open(link_owner& owner, client_identity who, std::string client_id,
                                   bool assigned, mono_time now) {
    implementation_->now = now;
    return std::make_unique<server_link>(*implementation_, owner, std::move(who),
                                         std::move(client_id), assigned);
}

void broker::at(mono_time now, wall_time wall) {
    implementation_->now = now;
    implementation_->wall = wall;
}

void broker::durable(session_journal::sequence upto) {
    auto& self = *implementation_;
    self.saved = std::max(self.saved, upto);
    // Sequences rise, but for those of other journals' retries: the whole list is short.
    auto& waiting = self.unsaved;
    while (!waiting.empty() && waiting.front().first <= self.saved) {
        const auto done = std::move(waiting.front().second);
        waiting.pop_front();
    }
    self.send_saved();
}

void broker::publish(const message_ptr& message, const receipt& pending) {
    auto& self = *implementation_;
    const publication published(message, self.wall);
    auto until = pending;
    const auto way = self.remembered_route(message->source, message->topic, false);
    if (message->retain && !way->nobody && !self.retain_message(published, until)) {
        self.shared.rules.lost(loss::not_stored, message->source, message->topic, {});
    }
    self.route_message(published, *way, nullptr, {until});
}

void broker::forward(const message_ptr& message, const receipt& pending,
                     const std::shared_ptr<gathering>& record) {
    auto& self = *implementation_;
    const publication published(message, self.wall);
    const auto way = self.remembered_route(message->source, message->topic, true);
    auto until = pending;
    route_terms terms{until};
    terms.record = record;
    self.route_message(published, *way, nullptr, terms);
}

void broker::deliver_to(std::string_view client_id, const message_ptr& message,
                        const receipt& pending) {
    auto& self = *implementation_;
    auto* const who = self.find(client_id);
    if (who == nullptr || (who->link == nullptr && !who->outlives_connection())) {
        self.shared.rules.lost(loss::not_connected, message->source, message->topic, client_id);
        return;
    }
    const bool parent = self.shared.options.hash_matches_parent;
    auto matched = match_own(*who, message->topic, message->source, parent);
    if (const auto* const share = matched ? nullptr : match_share(*who, message->topic, parent)) {
        // Of those that share, it is the only one that is meant.
        add_match(matched.emplace(), share->second, true);
    }
    if (!matched) {
        self.shared.rules.lost(loss::not_subscribed, message->source, message->topic, client_id);
        return;
    }
    self.deliver_alone({who, matched->options, matched->ids}, message, pending, nullptr);
}

void broker::deliver_shared(std::string_view client_id, const std::string& filter,
                            const std::vector<std::uint32_t>& marks, const message_ptr& message,
                            const receipt& pending, const std::shared_ptr<gathering>& record) {
    auto& self = *implementation_;
    const auto target = self.share_target(client_id, filter);
    if (!target) {
        self.choose_again(client_id, filter, message, pending, record);
        return;
    }
    self.deliver_alone(*target, message, pending, record,
                       self.marks_of_sharer(*target->to, message->source, message->topic, marks));
}

void broker::take_turn(const std::string& filter, const message_ptr& message,
                       const share_turn_ptr& turn) {
    implementation_->take_turn(filter, message, turn);
}

void broker::give_turn(std::string_view client_id, const std::string& filter,
                       const message_ptr& message, const share_turn_ptr& turn) {
    implementation_->give_turn(client_id, filter, message, turn);
}

void broker::complete(std::uint64_t link, std::uint64_t ticket) {
    const auto found = implementation_->links.find(link);
    if (found != implementation_->links.end()) {
        found->second->complete(ticket);
    }
}

std::optional<loss> broker::would_lose(std::string_view client_id, std::string_view topic) const {
    auto& self = *implementation_;
    const auto* const who = self.find(client_id);
    if (who == nullptr || (who->link == nullptr && !who->outlives_connection())) {
        return loss::not_connected;
    }
    const bool parent = self.shared.options.hash_matches_parent;
    if (!match_own(*who, topic, {}, parent) && match_share(*who, topic, parent) == nullptr) {
        return loss::not_subscribed;
    }
    // As large as the last one that found no room.
    const auto waits = who->queued_bytes + (who->link ? who->link->output().size() : 0);
    return waits + who->refused_bytes > self.shared.options.max_queued_bytes
               ? std::optional(loss::queue_full)
               : std::nullopt;
}

void broker::restore(session_journal::kept_session kept) {
    auto& self = *implementation_;
    auto fresh = std::make_unique<session>();
    auto& made = *fresh;
    made.info.id = kept.client_id;
    made.info.version = kept.version;
    made.expiry_seconds = kept.expiry_seconds;
    made.journaled = true;
    self.sessions.emplace(kept.client_id, std::move(fresh));
    self.shared.sessions.fetch_add(1, std::memory_order_relaxed);
    for (const auto& one : kept.subscriptions) {
        self.subscribe(made, one.filter, {one.options, one.subscription_id});
    }
    made.received_ids.insert(kept.received_packet_ids.begin(), kept.received_packet_ids.end());
    self.restore_queue(made, std::move(kept.deliveries), !kept.left_at);
    if (!made.outlives_connection()) {
        self.end_session(made, "its connection ended with the process");
        return;
    }
    if (kept.expiry_seconds != never) {
        const auto since = kept.left_at ? std::max(self.wall - *kept.left_at, wall_time::duration{})
                                        : wall_time::duration{};
        const auto left = std::chrono::seconds(kept.expiry_seconds) - since;
        made.expires_at = self.now + std::max<mono_time::duration>(left, {});
    }
    if (kept.delayed_will) {
        const auto left = std::max(kept.delayed_will->due - self.wall, wall_time::duration{});
        made.will_due = self.now + left;
        made.delayed_will = std::move(kept.delayed_will);
    }
    self.arm_session(made);
    if (!kept.left_at) {
        // It was connected when the process ended; its expiry counts from now on, and not from
        // every start anew.
        self.shared.journal->session_left(made.info.id, made.expiry_seconds, self.wall,
                                          made.delayed_will);
    }
}

// `was_connected`: what waited may have been sent, without the journal having saved that.
void broker::implementation::restore_queue(session& which,
                                           std::vector<session_journal::delivery> deliveries,
                                           bool was_connected) {
    using progress = session_journal::delivery::progress;
    for (auto& one : deliveries) {
        which.last_order = std::max(which.last_order, one.order);
        if (!one.message && one.state != progress::received) {
            continue;  // damage
        }
        outgoing next;
        next.message = std::move(one.message);
        if (!one.subscription_ids.empty()) {
            next.ids =
                std::make_shared<const std::vector<std::uint32_t>>(std::move(one.subscription_ids));
        }
        next.order = one.order;
        next.packet_id = session::packet_id_of(one.order);
        next.level = one.level;
        next.retain = one.retain;
        next.state = one.state;
        next.perhaps_sent = was_connected;
        next.bytes = next.message ? static_cast<std::uint32_t>(next.message->bytes()) : 0;
        if (next.message) {
            which.note_expiry(*next.message);
        }
        which.push(std::move(next));
        if (one.state != progress::waiting) {
            which.sent = which.queue.size();  // so were those before it
        }
    }
    for (std::size_t i = 0; i < which.sent; ++i) {
        auto& state = which.queue[i].state;
        state = state == progress::waiting ? progress::sent : state;
    }
}

void broker::let_go(const std::string& client_id, bool connected_too) {
    auto& self = *implementation_;
    auto* who = self.find(client_id);
    if (who != nullptr && who->link != nullptr && connected_too) {
        who->link->close(reason::session_taken_over,
                         "another connection with the same client id took over [MQTT-3.1.4-3]");
        who = self.find(client_id);  // it may have ended with its connection
    }
    if (who != nullptr && who->link == nullptr) {
        who->journaled = false;  // it goes on elsewhere
        self.end_session(*who, "its client is elsewhere");
    }
}

void broker::each_connected(const std::function<void(const client_info&)>& call) const {
    for (const auto& [id, one] : implementation_->sessions) {
        if (one->link != nullptr) {
            call(one->info);
        }
    }
}

void broker::close_where(const std::function<bool(const client_info&)>& chosen, reason code,
                         std::string_view why, bool end_session) {
    auto& self = *implementation_;
    std::vector<std::string> names;
    for (const auto& [id, one] : self.sessions) {
        if (chosen(one->info)) {
            names.push_back(id);
        }
    }
    for (const auto& name : names) {
        if (auto* const who = self.find(name); who != nullptr && who->link != nullptr) {
            who->link->close(code, why);
        }
        if (auto* const who = end_session ? self.find(name) : nullptr) {
            self.end_session(*who, why);
        }
    }
}

void broker::stop() {
    auto& self = *implementation_;
    self.stopped = true;
    std::vector<server_link*> open;
    for (const auto& [serial, each] : self.links) {
        open.push_back(each);
    }
    for (auto* const each : open) {
        each->close(reason::server_shutting_down, "the server is stopping");
    }
}

}  // namespace evergrass::mqtt

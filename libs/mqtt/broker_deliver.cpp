#include "libs/mqtt/broker_gather.hpp"
#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>

namespace evergrass::mqtt {
namespace {

using progress = session_journal::delivery::progress;

// What is counted of a QoS 1 or 2 message in a session's queue: as stored_message::bytes().
std::uint32_t queued_size(const publication& message) {
    return static_cast<std::uint32_t>(message.topic().size() + message.payload().size() +
                                      message.forwarded().size());
}

bool retain_flag(const publication& message, const route::target& to, bool retained) {
    return retained || (message.retain() && to.options.retain_as_published);
}

}  // namespace

// --- one message to many ------------------------------------------------------------------------

bool broker::implementation::deliver_at_most_once(const publication& message,
                                                  const route::target& to, frame_cache* frames,
                                                  bool retained) {
    auto* const link = to.to->link;
    const auto lose = [&](loss why) {
        shared.rules.lost(why, message.source(), message.topic(), to.to->info.id);
        return false;
    };
    if (link == nullptr || !link->ready()) {
        return lose(loss::not_connected);
    }
    to.to->refused_bytes = 0;
    if (link->output().size() + message.payload().size() > shared.options.max_queued_bytes) {
        to.to->refused_bytes = queued_size(message);
        return lose(loss::queue_full);
    }
    server_link::sending how;
    how.retain = shared.options.behaviour != profile::v1 && retain_flag(message, to, retained);
    how.ids = to.ids.get();
    return link->send(message, frames, how) || lose(loss::packet_too_large);
}

// In the queue of its session, but not yet sent or saved.
std::optional<broker::implementation::planned> broker::implementation::plan_delivery(
    const publication& message, const route::target& to, const delivery_terms& terms) {
    auto& who = *to.to;
    const auto bytes = queued_size(message);
    const auto lose = [&]() -> std::optional<planned> {
        who.refused_bytes = bytes;
        if (terms.turn) {
            return std::nullopt;  // another member has room, or this one later
        }
        shared.rules.lost(loss::queue_full, message.source(), message.topic(), who.info.id);
        return std::nullopt;
    };
    who.refused_bytes = 0;
    const auto is_full = [&] {
        return who.queued_bytes + bytes > shared.options.max_queued_bytes ||
               who.queue.size() >= session::max_queued;
    };
    if (is_full()) {
        drop_expired(who);
        if (is_full()) {
            return lose();
        }
    }
    outgoing next;
    next.ids = to.ids;
    next.order = who.take_order();
    next.bytes = bytes;
    next.packet_id = session::packet_id_of(next.order);
    next.level = std::min(message.level(), to.options.level);
    next.retain = retain_flag(message, to, terms.retained);
    const bool at_once =
        !who.journaled || (next.level != qos::exactly_once && terms.record == nullptr);
    const bool now = at_once && who.link != nullptr && who.link->ready() &&
                     who.inflight == who.queue.size() && who.inflight < who.link->window();
    next.state = now ? progress::sent : progress::waiting;
    const planned made{&who, next.order, now};
    if (terms.turn) {
        who.turns.emplace(next.order, terms.turn);
    }
    who.push(std::move(next));
    who.sent += now ? 1 : 0;
    who.inflight += now ? 1 : 0;
    return made;
}

// One record for all that are kept. False: the journal refused it, and who it was planned for does
// not get it, or, where the publisher can be told, nobody does.
bool broker::implementation::save_planned(const publication& message, std::vector<planned>& plan,
                                          delivery_terms& terms) {
    std::vector<session_journal::delivery> kept;
    for (const auto& one : plan) {
        if (!one.who->journaled) {
            continue;
        }
        const auto& next = *one.who->find_order(one.order);
        session_journal::delivery record;
        record.client_id = one.who->info.id;
        record.order = next.order;
        record.packet_id = next.packet_id;
        record.level = next.level;
        record.retain = next.retain;
        if (next.ids) {
            record.subscription_ids = *next.ids;
        }
        record.state = next.state;
        kept.push_back(std::move(record));
    }
    if (kept.empty() && !terms.received) {
        return true;
    }
    if (terms.record) {
        gather(terms.record, std::move(kept));
        return true;
    }
    const auto saved_as = shared.journal->message(message.keep(), kept, terms.received);
    if (saved_as) {
        keep_until(*saved_as, terms.pending);
        if (terms.received) {
            newest_received = *saved_as;
        }
        for (const auto& one : plan) {
            const auto at = one.who->find_order(one.order);
            if (one.who->journaled && at->level == qos::exactly_once) {
                at->saved_as = *saved_as;
                unsent.emplace_back(*saved_as, one.who->info.id);
            }
        }
        return true;
    }
    std::erase_if(plan, [&](const planned& one) {
        if (!one.who->journaled && !terms.all_or_nobody) {
            return false;
        }
        shared.rules.lost(loss::not_stored, message.source(), message.topic(), one.who->info.id);
        one.who->erase(one.who->find_order(one.order));
        return true;
    });
    return false;
}

bool broker::implementation::send_planned(const publication& message, const planned& one,
                                          frame_cache* frames) {
    auto& who = *one.who;
    const auto at = who.find_order(one.order);
    if (!one.now || who.outlives_connection()) {
        at->message = message.keep();
    }
    if (!one.now) {
        who.note_expiry(*at->message);
        return true;
    }
    server_link::sending how;
    how.level = at->level;
    how.retain = at->retain;
    how.packet_id = at->packet_id;
    how.ids = at->ids.get();
    if (!who.link->send(message, frames, how)) {
        shared.rules.lost(loss::packet_too_large, message.source(), message.topic(), who.info.id);
        finish(who, at);
        return false;
    }
    return true;
}

std::size_t broker::implementation::deliver_at_most_once(const publication& message,
                                                         std::span<const route::target> targets,
                                                         bool retained) {
    if (targets.size() == 1) {  // the bytes go straight into its outbox
        return deliver_at_most_once(message, targets.front(), nullptr, retained) ? 1 : 0;
    }
    frame_cache frames(message);
    std::size_t taken = 0;
    for (const auto& to : targets) {
        taken += deliver_at_most_once(message, to, &frames, retained) ? 1 : 0;
    }
    return taken;
}

// What a kept session is to get is saved before anything is sent: first who gets it and as what,
// then the journal once for all of them, then the sending.
void broker::implementation::deliver(const publication& message,
                                     std::span<const route::target> targets,
                                     delivery_terms& terms) {
    if (message.level() == qos::at_most_once) {
        terms.outcome.clients += deliver_at_most_once(message, targets, terms.retained);
        return;
    }
    const auto level_for = [&](const route::target& to) {
        return shared.options.behaviour == profile::v1
                   ? qos::at_most_once
                   : std::min(message.level(), to.options.level);
    };
    std::vector<planned> plan;
    std::size_t unplanned = targets.size();
    if (message.level() != qos::at_most_once) {
        for (const auto& to : targets) {
            if (level_for(to) == qos::at_most_once) {
                continue;
            }
            --unplanned;
            if (const auto next = plan_delivery(message, to, terms)) {
                plan.push_back(*next);
            }
        }
        if (!save_planned(message, plan, terms)) {
            terms.outcome.not_stored = true;
            if (terms.all_or_nobody) {
                return;
            }
        }
    }
    // For one receiver the bytes go straight into its outbox.
    std::optional<frame_cache> several;
    if (targets.size() > 1) {
        several.emplace(message);
    }
    auto* const frames = several ? &*several : nullptr;
    auto& taken = terms.outcome.clients;
    for (const auto& to : unplanned > 0 ? targets : std::span<const route::target>()) {
        if (level_for(to) == qos::at_most_once) {
            taken += deliver_at_most_once(message, to, frames, terms.retained) ? 1 : 0;
        }
    }
    for (const auto& one : plan) {
        taken += send_planned(message, one, frames) ? 1 : 0;
    }
    send_saved();
}

void broker::implementation::route_here(const publication& message, const route& to,
                                        const client_info& from) {
    const auto taken = deliver_at_most_once(message, to.local, false);
    shared.rules.routed(message.source(), &from, taken, to.marks);
}

void broker::implementation::deliver_alone(const route::target& to, const message_ptr& message,
                                           receipt pending,
                                           const std::shared_ptr<gathering>& record,
                                           std::span<const std::uint32_t> marks) {
    const publication published(message, wall);
    routing_outcome outcome;
    delivery_terms terms{pending, outcome};
    terms.record = record ? record->message : nullptr;
    deliver(published, {&to, 1}, terms);
    shared.rules.routed(message->source, nullptr, outcome.clients, marks);
}

routing_outcome broker::implementation::route_message(const publication& message, const route& to,
                                                      const client_info* from,
                                                      const route_terms& terms) {
    routing_outcome outcome;
    outcome.nobody = to.nobody;
    for (const auto& [client_id, why] : to.lost) {
        shared.rules.lost(why, message.source(), message.topic(), client_id);
    }
    sharers with_shares;
    const auto& elsewhere = with_shares.elsewhere;
    if (!to.shares.empty()) {
        with_shares.local = to.local;
        with_shares.marks = to.marks;
        for (const auto& group : to.shares) {
            choose_sharer(message, to, *group, with_shares);
        }
    }
    const std::span<const route::target> local = to.shares.empty() ? to.local : with_shares.local;
    const auto& marks = to.shares.empty() ? to.marks : with_shares.marks;
    outcome.anybody = !local.empty() || !elsewhere.empty() || !to.external.empty();
    // Looked up once: whether the record is shared has to agree with who is asked.
    boost::container::small_vector<std::size_t, 8> others;
    const auto shards = shared.mesh.size();
    for (std::size_t other = 0; shards > 1 && other < shards; ++other) {
        if (other != shard &&
            ((to.all_shards && shared.subscriptions[other].load(std::memory_order_relaxed) > 0) ||
             (!to.shards.empty() && to.shards[other]))) {
            others.push_back(other);
        }
    }
    outcome.anybody |= !others.empty();
    auto record = terms.record;
    auto received = terms.received;
    if (received && (!others.empty() || !elsewhere.empty())) {
        record = begin_gathering(message.keep(), *received, terms.pending);
        received.reset();
    }
    delivery_terms here{terms.pending, outcome, received, false, terms.all_or_nobody};
    here.record = record ? record->message : nullptr;
    if (!local.empty() || received) {
        deliver(message, local, here);
    }
    if (outcome.not_stored && terms.all_or_nobody) {
        return outcome;
    }
    for (const auto& target : to.external) {
        target->deliver(message, terms.pending);
    }
    for (const auto& one : elsewhere) {
        post_shared(one, message.keep(), terms.pending, record);
    }
    for (const auto other : others) {
        shared.mesh.post(other, [kept = message.keep(), pending = terms.pending,
                                 record](broker& there) { there.forward(kept, pending, record); });
    }
    shared.rules.routed(message.source(), from, outcome.clients, marks);
    return outcome;
}

// --- what waits
// -----------------------------------------------------------------------------------

bool broker::implementation::send_queued(session& which, outgoing& next, bool duplicate) {
    const publication message(next.message, wall);
    server_link::sending how;
    how.level = next.level;
    how.retain = next.retain;
    how.duplicate = duplicate || next.perhaps_sent;
    how.packet_id = next.packet_id;
    how.ids = next.ids.get();
    return which.link->send(message, nullptr, how);
}

void broker::implementation::finish(session& which, session::position at) {
    if (const auto turn = which.turns.find(at->order); turn != which.turns.end()) {
        turn->second->done();
        which.turns.erase(turn);
    }
    if (at->saved_as == session::being_gathered) {
        ungather(which, at->order);
    } else if (which.journaled) {
        shared.journal->finished(which.info.id, at->order);
    }
    which.erase(at);
}

void broker::implementation::lose_queued(session& which, session::position at, loss why) {
    shared.rules.lost(why, at->message->source, at->message->topic, which.info.id);
    finish(which, at);
}

// What waits and has expired makes room [MQTT-3.3.2-5].
void broker::implementation::drop_expired(session& which) {
    if (!which.first_expiry || *which.first_expiry > wall) {
        return;
    }
    which.first_expiry.reset();
    for (auto index = which.sent; index < which.queue.size();) {
        const auto at = which.queue.begin() + static_cast<std::ptrdiff_t>(index);
        if (at->message && at->message->expires_at && *at->message->expires_at <= wall) {
            lose_queued(which, at, loss::expired);
            continue;
        }
        if (at->message) {
            which.note_expiry(*at->message);
        }
        ++index;
    }
}

void broker::implementation::recheck_rights(session& which) {
    const auto current = shared.rules.generation();
    if (std::exchange(which.generation, current) == current) {
        return;
    }
    for (auto at = which.queue.begin(); at != which.queue.end();) {
        const bool goes =
            at->message && at->state != progress::received &&
            !shared.rules.may_receive(which.info, at->message->source, at->message->topic);
        if (!goes) {
            ++at;
            continue;
        }
        const auto index = at - which.queue.begin();
        if (which.turns.erase(at->order) > 0) {
            finish(which, at);  // it goes to another member
        } else {
            lose_queued(which, at, loss::not_permitted);
        }
        at = which.queue.begin() + index;
    }
}

// What was sent on an earlier connection comes first, in its order, then what waits
// [MQTT-4.4.0-1, MQTT-4.6.0-1].
void broker::implementation::drain(session& which) {
    if (which.inflight == which.queue.size()) {
        return;  // mostly: nothing waits
    }
    recheck_rights(which);
    auto* const link = which.link;
    while (link != nullptr && link->ready() && which.inflight < which.queue.size() &&
           which.inflight < link->window()) {
        const auto at = which.queue.begin() + static_cast<std::ptrdiff_t>(which.inflight);
        const bool again = which.inflight < which.sent;
        if (!is_durable(at->saved_as)) {
            break;  // send_saved() goes on
        }
        if (at->state == progress::received) {
            link->send_pubrel(at->packet_id);
        } else if (!again && at->message->expires_at && *at->message->expires_at <= wall) {
            lose_queued(which, at, loss::expired);
            continue;
        } else if (!send_queued(which, *at, again)) {
            lose_queued(which, at, loss::packet_too_large);
            continue;
        }
        ++which.inflight;
        if (again) {
            continue;
        }
        at->state = progress::sent;
        ++which.sent;
        if (which.journaled) {
            shared.journal->sent(which.info.id, at->order);
        }
        if (!which.outlives_connection()) {
            at->message.reset();
        }
    }
}

void broker::implementation::send_saved() {
    while (!unsent.empty() && is_durable(unsent.front().first)) {
        const auto client_id = std::move(unsent.front().second);
        unsent.pop_front();
        if (auto* const who = find(client_id)) {
            drain(*who);
        }
    }
}

// The journal keeps one retained message a source and topic; where a topic has but one, it is told
// no source.
bool broker::implementation::retain_message(const publication& message, receipt& pending) {
    if (shared.options.behaviour == profile::v1 || shared.options.retained_elsewhere) {
        return true;  // V1 retains nothing
    }
    const bool by_source = shared.options.retained_by_source;
    if (message.payload().empty()) {  // [MQTT-3.3.1-6]
        shared.retained.clear(message.source(), message.topic(), [&] {
            if (shared.journal != nullptr) {
                const auto source = by_source ? message.source() : std::string_view();
                keep_until(shared.journal->retained_cleared(source, message.topic()), pending);
            }
        });
        return true;
    }
    const auto save = [&] {
        if (shared.journal == nullptr) {
            return true;
        }
        auto to_save = message.keep();
        if (!by_source) {
            auto nameless = std::make_shared<stored_message>(*to_save);
            nameless->source.clear();
            to_save = std::move(nameless);
        }
        const auto saved_as = shared.journal->retained(to_save);
        if (saved_as) {
            keep_until(*saved_as, pending);
        }
        return saved_as.has_value();
    };
    return shared.retained.put(message.keep(), wall, save) == retained_store::stored::yes;
}

}  // namespace evergrass::mqtt

#include "libs/mqtt/broker_gather.hpp"

#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

#include <algorithm>

// One record for a message that several shards deliver; gathered_message has the reason.
namespace evergrass::mqtt {
namespace {

// With the lock.
void forget(gathered_message& all, std::string_view client_id, std::uint64_t order) {
    std::erase_if(all.deliveries, [&](const auto& one) {
        return one.order == order && one.client_id == client_id;
    });
}

}  // namespace

std::shared_ptr<gathering> broker::implementation::begin_gathering(
    const message_ptr& message, const session_journal::received_id& from, const receipt& pending) {
    auto all = std::make_shared<gathered_message>();
    all->what = message;
    all->from = from.client_id;
    all->packet_id = from.packet_id;
    all->pending.push_back(pending);
    gatherings.push_back(all);
    return std::make_shared<gathering>(shared.mesh, shard, std::move(all));
}

void broker::implementation::gather(const std::shared_ptr<gathered_message>& into,
                                    std::vector<session_journal::delivery> deliveries) {
    const std::lock_guard lock(into->mutex);
    auto& mine = in_gathering[into];
    for (auto& one : deliveries) {
        auto* const who = find(one.client_id);
        who->find_order(one.order)->saved_as = session::being_gathered;
        mine.emplace_back(who, one.order);
        into->deliveries.push_back(std::move(one));
    }
    if (std::find(into->shards.begin(), into->shards.end(), shard) == into->shards.end()) {
        into->shards.push_back(shard);
    }
}

// On the publisher's shard.
void broker::implementation::write_gathered(const std::shared_ptr<gathered_message>& all) {
    std::erase(gatherings, all);
    std::vector<std::size_t> waiting;
    {
        const std::lock_guard lock(all->mutex);
        std::optional<session_journal::received_id> from;
        if (!all->from.empty()) {
            from = {all->from, all->packet_id};
        }
        if (const auto saved = shared.journal->message(all->what, all->deliveries, from)) {
            all->saved_as = *saved;
        }
        all->written = true;
        waiting = all->shards;
    }
    for (const auto to : waiting) {
        if (to != shard) {
            shared.mesh.post(to, [all](broker& there) { there.gathered(all); });
        }
    }
    gathered(all);
    if (all->saved_as) {
        newest_received = std::max(newest_received, *all->saved_as);
        for (auto& one : all->pending) {
            keep_until(*all->saved_as, std::move(one));
        }
    } else if (auto* const publisher = find(all->from)) {
        // Not to be acknowledged: it comes again.
        publisher->received_ids.erase(all->packet_id);
        if (publisher->link != nullptr) {
            publisher->link->close(reason::quota_exceeded, "the message could not be stored");
        }
    }
    all->pending.clear();
}

// On each shard that has receivers.
void broker::implementation::gathered(const std::shared_ptr<gathered_message>& all) {
    const auto found = in_gathering.find(all);
    if (found == in_gathering.end()) {
        return;
    }
    const auto mine = std::move(found->second);
    in_gathering.erase(found);
    for (const auto& [who, order] : mine) {
        const auto at = who->find_order(order);
        if (all->saved_as) {
            at->saved_as = *all->saved_as;
            unsent.emplace_back(*all->saved_as, who->info.id);
        } else {
            shared.rules.lost(loss::not_stored, all->what->source, all->what->topic, who->info.id);
            who->erase(at);
            drain(*who);
        }
    }
    send_saved();
}

// It is given up before the record is written, or before this shard knows that it was.
void broker::implementation::ungather(session& which, std::uint64_t order) {
    const std::pair entry(&which, order);
    for (auto at = in_gathering.begin(); at != in_gathering.end(); ++at) {
        auto& [all, mine] = *at;
        if (std::erase(mine, entry) == 0) {
            continue;
        }
        const std::lock_guard lock(all->mutex);
        forget(*all, which.info.id, order);
        if (all->written) {
            shared.journal->finished(which.info.id, order);
        }
        return;
    }
}

// It ends: as a receiver, and as a publisher.
void broker::implementation::ungather_all(const session& which) {
    for (auto& [all, mine] : in_gathering) {
        const std::lock_guard lock(all->mutex);
        std::erase_if(mine, [&, &into = *all](const auto& entry) {
            if (entry.first != &which) {
                return false;
            }
            forget(into, which.info.id, entry.second);
            return true;
        });
    }
    for (const auto& all : gatherings) {
        if (all->from == which.info.id) {
            all->from.clear();
        }
    }
}

gathered_message* broker::implementation::find_gathering(const session& from,
                                                         std::uint16_t packet_id) {
    for (const auto& all : gatherings) {
        if (all->from == from.info.id && all->packet_id == packet_id) {
            return all.get();
        }
    }
    return nullptr;
}

// PUBREL has come for it.
void broker::implementation::forget_received(const session& which, std::uint16_t packet_id) {
    if (auto* const all = find_gathering(which, packet_id)) {
        all->from.clear();
    }
}

// What came with this identifier, and has come again on another connection, may not be saved yet.
void broker::implementation::wait_for_received(const session& which, std::uint16_t packet_id,
                                               receipt until) {
    if (auto* const all = find_gathering(which, packet_id)) {
        all->pending.push_back(std::move(until));
    } else {
        keep_until(newest_received, std::move(until));
    }
}

void broker::write_gathered(const std::shared_ptr<gathered_message>& all) {
    implementation_->write_gathered(all);
}

void broker::gathered(const std::shared_ptr<gathered_message>& all) {
    implementation_->gathered(all);
}

}  // namespace evergrass::mqtt

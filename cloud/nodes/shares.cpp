#include "cloud/nodes/shares.hpp"

#include "cloud/bus/envelope.hpp"
#include "libs/mqtt/topic_levels.hpp"
#include "libs/mqtt/types.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace evergrass::cloud {

shares::shares(bus& between, logger log) : bus_(between), log_(std::move(log)) {}

shares::~shares() {
    stop();
}

void shares::begin(taker take) {
    take_ = std::move(take);
}

void shares::joined(const std::string& filter, const std::string& client_id, bool kept,
                    const mqtt::receipt& ready) {
    const std::lock_guard hold(mutex_);
    if (stopped_) {
        return;
    }
    auto& group = groups_[filter];
    group.members[client_id] = kept;
    if (ready) {
        group.waiting.push_back(ready);
    }
    boost::asio::post(worker_, [this, filter] { settle(filter); });
}

void shares::left(const std::string& filter, const std::string& client_id) {
    const std::lock_guard hold(mutex_);
    const auto found = groups_.find(filter);
    if (stopped_ || found == groups_.end() || found->second.members.erase(client_id) == 0 ||
        !found->second.members.empty()) {
        return;
    }
    boost::asio::post(worker_, [this, filter] { settle(filter); });
}

// The worker's: brings the bus to where the members are now.
void shares::settle(const std::string& filter) {
    std::vector<mqtt::receipt> ready;  // released outside of the lock
    std::unique_lock hold(mutex_);
    const auto found = groups_.find(filter);
    if (found == groups_.end()) {
        return;
    }
    auto& group = found->second;  // only here are any erased
    if (group.members.empty()) {
        ready.swap(group.waiting);
        const bool was_shared = std::exchange(group.is_shared, false);
        group.is_kept = false;
        hold.unlock();
        if (was_shared) {
            bus_.unshare(filter);
        }
        hold.lock();
        if (group.members.empty()) {
            groups_.erase(found);
        }
        return;  // who came meanwhile has posted this again
    }
    const bool kept = std::any_of(group.members.begin(), group.members.end(),
                                  [](const auto& each) { return each.second; });
    if (!group.is_shared || (kept && !group.is_kept)) {
        hold.unlock();
        const auto shared =
            bus_.share(filter, kept, [this, filter](std::string_view bytes, auto turn) {
                hear(filter, bytes, std::move(turn));
            });
        hold.lock();
        if (!shared) {
            log_.warn("A shared subscription waits for the bus.",
                      {{"filter", filter}, {"error", shared.error()}});
            return;
        }
        group.is_shared = true;
        group.is_kept = group.is_kept || kept;
    }
    ready.swap(group.waiting);
}

void shares::hear(const std::string& filter, std::string_view bytes,
                  mqtt::share_turn_ptr turn) const {
    const auto said = decode_envelope(bytes);
    if (!said || !said->message) {
        log_.error("A message of the bus is passed over.", {{"filter", filter}});
        turn->done();
        return;
    }
    // Subjects match a little more than MQTT does.
    const auto parsed = mqtt::parse_shared_filter(filter);
    if (!parsed || !*parsed ||
        !mqtt::filter_matches((*parsed)->filter, said->message->topic,
                              /*hash_matches_parent=*/false)) {
        turn->done();
        return;
    }
    take_(filter, said->message, std::move(turn));
}

bool shares::has_room() {
    const std::lock_guard hold(mutex_);
    return groups_.size() < most;
}

void shares::look() {
    const std::lock_guard hold(mutex_);
    for (const auto& [filter, group] : groups_) {
        if (!group.is_shared || !group.waiting.empty()) {
            boost::asio::post(worker_, [this, filter = filter] { settle(filter); });
        }
    }
}

void shares::stop() {
    std::map<std::string, group> groups;  // released outside of the lock
    {
        const std::lock_guard hold(mutex_);
        if (std::exchange(stopped_, true)) {
            return;
        }
    }
    worker_.join();
    const std::lock_guard hold(mutex_);
    groups.swap(groups_);
}

}  // namespace evergrass::cloud

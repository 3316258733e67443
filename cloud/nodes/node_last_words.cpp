#include "cloud/bus/bus_subjects.hpp"
#include "cloud/nodes/node.hpp"
#include "libs/base/digest.hpp"

#include <boost/asio/post.hpp>

#include <utility>

// What clients and services that have ended leave to be said: wills, and that a client is gone.
namespace evergrass::cloud {
namespace {

// Of what a client's connection leaves to be said: the same whoever says it.
std::string id_on_bus(const std::string& client_id, std::int64_t epoch) {
    return sha256_hex(client_id) + "-" + std::to_string(epoch);
}

// As hub::say_event().
mqtt::message_ptr make_event(lifecycle_events::event said) {
    auto message = std::make_shared<mqtt::stored_message>();
    message->topic = std::move(said.topic);
    message->payload = std::make_shared<const std::string>(std::move(said.payload));
    message->level = mqtt::qos::at_least_once;
    return message;
}

}  // namespace

// What the store has of this to say is said, and then forgotten there. The bus keeps one of an id,
// and the store forgets it after that: a crash between the two says nothing twice, unless nobody
// leads for two minutes. `make`: nothing is to be said. `forget`: whether the store has forgotten.
void node::keep_once(const std::string& id, const std::function<std::optional<outgoing>()>& make,
                     std::function<bool()> forget) {
    bool is_kept = false;
    {
        const std::lock_guard hold(mutex_);
        const auto [at, is_new] = once_under_way_.try_emplace(id, false);
        is_kept = at->second;
        if (!is_new && !is_kept) {
            return;
        }
    }
    const auto over = [this, id, forget = std::move(forget)](bool is_done) {
        const bool is_gone = is_done && forget();
        const std::lock_guard hold(mutex_);
        if (is_gone || !is_done) {
            once_under_way_.erase(id);
        } else {
            once_under_way_[id] = true;  // the store is away: in a second
        }
    };
    auto made = is_kept ? std::nullopt : make();
    if (!made) {
        over(true);
        return;
    }
    bus_.keep(
        made->subject, std::move(made->bytes),
        [this, over](const result<bus::position>& kept) {
            // The store may keep the caller waiting, which the bus's threads may not.
            boost::asio::post(blocking_, [over, is_done = kept.has_value()] { over(is_done); });
        },
        id);
}

// By the one that leads, and by whoever has just written one that is due at once.
void node::publish_due_wills() {
    const auto now = time_.now();
    const auto due = due_wills(state_, now);
    if (!due) {
        return;  // the store is away; said elsewhere
    }
    for (const auto& each : *due) {
        keep_once(
            "will-" + id_on_bus(each.client_id, static_cast<std::int64_t>(each.epoch)),
            [&] { return make_will(each, now); },
            [this, client_id = each.client_id, epoch = each.epoch] {
                return remove_will(state_, client_id, epoch).has_value();
            });
    }
}

std::optional<node::outgoing> node::make_will(const stored_will& of, wall_time now) {
    const auto said = decode_envelope(of.message);
    if (!said || !said->message) {
        log_.error("A will of the store cannot be read; it is dropped.",
                   {{"clientId", of.client_id}});
        return std::nullopt;
    }
    auto message = std::make_shared<mqtt::stored_message>(*said->message);
    if (of.lifetime) {
        message->expires_at = now + std::chrono::milliseconds(*of.lifetime);
    }
    mqtt::client_info from;
    from.id = of.client_id;
    from.identity = parse_principal(of.principal);
    const mqtt::publication will(message, now);
    if (!hub_->serve_will(from, will)) {
        return std::nullopt;
    }
    return outgoing{message_subject(fleet_, will.topic()), encode_message(name_, will)};
}

// Of clients whose service was killed and who have not come again: what it would have said.
void node::publish_lost_connections() {
    const auto lost = lost_connections(state_);
    if (!lost) {
        return;  // the store is away; said elsewhere
    }
    for (const auto& each : *lost) {
        const auto make = [&]() -> std::optional<outgoing> {
            auto event = lifecycle_events::lost(each.which, each.at);
            if (!event) {
                return std::nullopt;
            }
            const auto message = make_event(std::move(*event));
            return outgoing{message_subject(fleet_, message->topic),
                            encode_message(name_, mqtt::publication(message, time_.now()))};
        };
        keep_once("lost-" + id_on_bus(each.which.client_id, each.which.label.version), make,
                  [this, which = each.which] {
                      return forget_lost_connection(state_, which).has_value();
                  });
    }
}

}  // namespace evergrass::cloud

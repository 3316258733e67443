#include "libs/mqtt/testing/history.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace evergrass::mqtt::testing {
namespace {

constexpr std::size_t clients = 4;
constexpr std::array<const char*, 4> topics{"t0", "t1", "d/0", "d/1"};
constexpr std::array<const char*, 7> filters{"t0", "t1", "d/+", "d/1", "#", "+", "$share/g/t0"};

server_options limits_of(unsigned choice) {
    server_options options;
    options.max_inflight = static_cast<std::uint16_t>(1 + choice % 7);
    options.receive_maximum = 1'000;
    options.max_queued_bytes = choice % 5 == 0 ? 200 : 1'000'000;
    return options;
}

}  // namespace

history::history(history_settings settings)
    : settings_(std::move(settings)),
      all_({settings_.shards, settings_.journal, false, limits_of(settings_.limits)}) {
    for (std::size_t i = 0; i < clients; ++i) {
        add_client("c" + std::to_string(i));
    }
}

void history::add_client(const std::string& id) {
    const auto index = players_.size();
    auto& made = all_.client(id);
    made.settles = false;
    made.trace = settings_.trace;
    made.on_message = [this, index](const auto& topic, const auto& payload, qos level) {
        on_message(index, topic, payload, level);
    };
    made.on_answer = [this](const auto&, const auto& payload, reason code) {
        messages_.at(payload).acknowledged = !is_failure(code);
    };
    players_.push_back({&made, 0, 0, false, {}, {}, {}, {}});
}

// --- What may happen -----------------------------------------------------------------------------

void history::step() {
    const auto who = roll(clients);
    auto& one = players_[who];
    switch (roll(16)) {
        case 0:
            return connect(who);
        case 1:
            return chance(3) ? one.client->cut() : void();
        case 2:
            return chance(3) ? leave(who) : void();
        case 3:
        case 4:
            return subscribe(who);
        case 5:
            return chance(3) ? unsubscribe(who) : void();
        case 6:
            one.client->acknowledges = !one.client->acknowledges;
            return acknowledge_some(*one.client);
        case 7:
            one.client->reads = chance(3) ? !one.client->reads : one.client->reads;
            return;
        case 8:
            return all_.journal.save(all_.journal.durable() + roll(5));
        case 9:
            return chance(10) ? all_.advance(std::chrono::seconds(roll(5))) : void();
        case 10:
            return settings_.crashes && chance(20) ? crash() : void();
        case 11:
        case 12:
            return run_some(who);
        default:
            return publish(who);
    }
}

void history::run_some(std::size_t who) {
    for (auto steps = roll(10); steps > 0 && all_.step(); --steps) {
    }
    pump(who);
    all_.check_books();
}

void history::pump(std::size_t who) {
    for (int i = 0; i < 3; ++i) {
        players_[who].client->pump();
    }
}

void history::until_quiet() {
    all_.save_at_once(true);
    all_.settle();
    all_.save_at_once(false);
}

connect_settings history::settings_for(bool keep) {
    connect_settings with;
    with.version = chance(2) ? protocol_version::v5 : protocol_version::v3_1_1;
    with.clean = !keep;
    with.expiry = keep ? 1'000'000 : 0;
    with.receive_maximum = static_cast<std::uint16_t>(1 + roll(10));
    with.alias_maximum = static_cast<std::uint16_t>(roll(3));
    return with;
}

// A client that comes back sends what was not acknowledged.
void history::note_sending_again(std::size_t who) {
    for (auto& [payload, message] : messages_) {
        message.sent_again |= message.from == who && !message.acknowledged;
    }
}

void history::connect(std::size_t who) {
    auto& one = players_[who];
    const bool keep = !chance(6);
    note_sending_again(who);
    if (!keep) {
        forget(who);
    }
    one.client->heard();
    if (chance(3)) {
        one.client->take_over(settings_for(keep));
    } else {
        one.client->begin(settings_for(keep));
    }
    one.client->reads = true;
    until_quiet();
    const auto heard = one.client->heard();
    if (std::find(heard.begin(), heard.end(), "CONNACK") != heard.end()) {
        if (one.keeps) {
            throw broken_rule("the session of " + one.client->id() + " is lost");
        }
        forget(who);
    }
    one.keeps = keep;
}

// Its session ends, or may.
void history::forget(std::size_t who) {
    auto& one = players_[who];
    ++one.session;
    one.keeps = false;
    one.holds.clear();
    for (auto& [payload, message] : messages_) {
        message.owed.erase(who);
    }
}

void history::leave(std::size_t who) {
    if (players_[who].client->connected()) {
        players_[who].client->disconnect();
        pump(who);
    }
}

void history::subscribe(std::size_t who) {
    auto& one = players_[who];
    if (!one.client->connected()) {
        return;
    }
    one.client->reads = true;
    const std::string filter = filters.at(roll(filters.size()));
    const auto level = static_cast<qos>(roll(3));
    one.holds.erase(filter);
    withdraw(who);
    subscription_options options;
    options.level = level;
    one.client->subscribe({{filter, options}});
    until_quiet();
    if (one.client->connected()) {
        one.holds[filter] = level;
    }
}

void history::unsubscribe(std::size_t who) {
    auto& one = players_[who];
    if (!one.client->connected() || one.holds.empty()) {
        return;
    }
    const auto filter = one.holds.begin()->first;
    one.holds.erase(filter);
    withdraw(who);
    one.client->unsubscribe(filter);
    until_quiet();
}

// Messages that are not acknowledged yet may come before or after what changes now.
void history::withdraw(std::size_t who) {
    for (auto& [payload, message] : messages_) {
        if (!message.acknowledged) {
            message.owed.erase(who);
        }
    }
}

void history::acknowledge_some(scripted_client& client) {
    if (!client.connected()) {
        return;
    }
    for (const auto id : client.unacknowledged()) {
        if (!chance(3)) {
            client.acknowledge(id);
        }
    }
}

void history::crash() {
    if (settings_.trace) {
        settings_.trace("the process dies");
    }
    const auto saved = all_.journal.durable();
    all_.crash(saved + roll(static_cast<unsigned>(all_.journal.last() - saved) + 1));
    for (std::size_t who = 0; who < clients; ++who) {
        if (!players_[who].keeps) {
            forget(who);
        }
    }
}

void history::publish(std::size_t who) {
    auto& one = players_[who];
    if (!one.client->connected()) {
        return;
    }
    sent_message next{
        who, topics.at(roll(topics.size())), static_cast<qos>(roll(3)), ++one.published, {}};
    const auto is_owed = [&](const player& reader) {
        return reader.keeps &&
               std::any_of(reader.holds.begin(), reader.holds.end(), [&](const auto& held) {
                   return !held.first.starts_with("$share") && held.second != qos::at_most_once &&
                          topic_matches(held.first, next.topic);
               });
    };
    for (std::size_t i = 0; i < clients; ++i) {
        if (next.level != qos::at_most_once && is_owed(players_[i])) {
            next.owed.insert(i);
        }
    }
    const auto payload = one.client->id() + ":" + std::to_string(next.number);
    const auto& kept = messages_.emplace(payload, std::move(next)).first->second;
    one.client->publish(kept.topic, payload, kept.level);
    if (chance(2)) {
        pump(who);
    }
}

// --- What is held against the standard -----------------------------------------------------------

void history::on_message(std::size_t who, const std::string& topic, const std::string& payload,
                         qos level) {
    auto& one = players_[who];
    const auto found = messages_.find(payload);
    if (found == messages_.end() || found->second.topic != topic || level > found->second.level) {
        throw broken_rule("a message that nobody sent: " + topic + " " + payload);
    }
    const auto& message = found->second;
    // By a share and by a subscription of its own they are two.
    const bool two_copies = topic == "t0";
    if (level == qos::exactly_once && !two_copies &&
        !one.once.insert({one.session, payload}).second) {
        throw broken_rule("twice at QoS 2: " + payload + " at " + one.client->id());
    }
    // Who was not there the first time may get one of QoS 1 that its publisher sends again, after
    // later ones.
    const bool out_of_turn = message.sent_again && message.level == qos::at_least_once;
    if (!one.got.insert(payload).second || two_copies || out_of_turn) {
        return;
    }
    auto& last = one.last[{one.session, message.from, topic, message.level, level}];
    if (last > message.number) {
        throw broken_rule("out of order: " + payload + " at " + one.client->id());
    }
    last = message.number;
}

void history::finish() {
    for (auto& one : players_) {
        one.client->acknowledges = true;
        one.client->reads = true;
    }
    until_quiet();
    for (std::size_t who = 0; who < clients; ++who) {
        note_sending_again(who);
        connect_settings with;
        with.clean = !players_[who].keeps;
        players_[who].client->begin(with);
    }
    until_quiet();
    judge();
}

void history::judge() {
    std::map<std::size_t, int> missing;
    for (const auto& [payload, message] : messages_) {
        for (const auto who : message.owed) {
            missing[who] += message.acknowledged && !players_[who].got.contains(payload) ? 1 : 0;
        }
    }
    for (const auto& [who, count] : missing) {
        const auto& id = players_[who].client->id();
        if (count > all_.rules.losses_of[id]) {
            throw broken_rule(std::to_string(count) + " messages to " + id + " are lost, and " +
                              std::to_string(all_.rules.losses_of[id]) + " counted");
        }
    }
    for (const auto& one : players_) {
        if (one.client->unanswered() > 0 || one.client->under_way() > 0) {
            throw broken_rule("something is under way still at " + one.client->id());
        }
    }
}

}  // namespace evergrass::mqtt::testing

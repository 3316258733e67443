#include "cloud/iot/hub_sessions.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <vector>

namespace evergrass::cloud {
namespace {

using mqtt::connect_code;
using mqtt::qos;

constexpr std::ptrdiff_t most_slashes = 7;
// Bounds what one client can make us hold. AWS stops at 50 and cores then open more connections;
// ours need not.
constexpr std::size_t most_subscriptions = 10'000;

bool is_reserved(std::string_view topic) {
    return topic.starts_with("$aws/");
}

bool too_many_slashes(std::string_view topic) {
    const auto slashes = std::count(topic.begin(), topic.end(), '/');
    constexpr std::ptrdiff_t in_prefix = 3;  // $aws/things/NAME/
    return slashes > most_slashes + (is_reserved(topic) ? in_prefix : 0);
}

}  // namespace

result<void> check_publishable(std::string_view topic) {
    if (auto checked = mqtt::check_topic_name(topic); !checked) {
        return checked;
    }
    constexpr std::size_t longest_topic = 256;
    if (topic.size() > longest_topic && !is_reserved(topic)) {
        return error{errc::too_large, "the topic is longer than 256 bytes"};
    }
    if (topic.starts_with('$') && !is_reserved(topic)) {
        return error{errc::denied, "topics that begin with $ are reserved"};
    }
    if (too_many_slashes(topic)) {
        return error{errc::invalid_input, "the topic has more than 7 slashes"};
    }
    return {};
}

struct hub_sessions::session {
    topic_index::subscriber number = 0;
    mqtt::server_connection* connection = nullptr;
    std::string certificate_id;
    std::string client_id;
    std::set<std::string, std::less<>> filters;
    std::uint64_t dropped = 0;  // messages that found its queue full
};

hub_sessions::hub_sessions(const service_identity& identity, const device_authority& authority,
                           logger log)
    : identity_(identity), authority_(authority), log_(std::move(log)) {}

hub_sessions::session& hub_sessions::session_of(mqtt::server_connection& from) {
    return *static_cast<session*>(from.context.get());
}

bool hub_sessions::allows(const session& who, std::string_view action, std::string_view kind,
                          std::string_view name) const {
    return authority_.allows(who.certificate_id, action,
                             identity_.iot_arn(std::string(kind) + std::string(name)),
                             who.client_id);
}

connect_code hub_sessions::on_connect(mqtt::server_connection& from,
                                      const mqtt::connect_info& info) {
    if (!from.peer()) {
        log_.warn("A client without a certificate was refused.",
                  {{"clientId", info.client_id}, {"from", from.remote_address()}});
        return connect_code::not_authorized;
    }
    auto who = std::make_shared<session>();
    who->number = ++last_number_;
    who->connection = &from;
    who->certificate_id = from.peer()->id;
    who->client_id = info.client_id;
    // The handshake asked for ACTIVE already, but that may have been a while ago.
    if (!authority_.is_active(who->certificate_id) ||
        !allows(*who, "iot:Connect", "client/", info.client_id)) {
        log_.warn(
            "A client was refused: no policy of its certificate allows iot:Connect with this "
            "client id.",
            {{"clientId", info.client_id},
             {"certificateId", who->certificate_id},
             {"from", from.remote_address()}});
        return connect_code::not_authorized;
    }
    log_.info("A client connected.", {{"clientId", info.client_id},
                                      {"certificateId", who->certificate_id},
                                      {"from", from.remote_address()}});
    from.context = who;
    sessions_.emplace(who->number, who);
    return connect_code::accepted;
}

bool hub_sessions::may_publish(const session& who, std::string_view topic, bool retain) const {
    if (!allows(who, "iot:Publish", "topic/", topic) ||
        (retain && !allows(who, "iot:RetainPublish", "topic/", topic))) {
        log_.warn("A client may not publish to this topic; it is disconnected, as AWS IoT does.",
                  {{"clientId", who.client_id}, {"topic", topic}, {"retain", retain}});
        return false;
    }
    return true;
}

bool hub_sessions::on_publish(mqtt::server_connection& from, const mqtt::publish_view& message) {
    auto& who = session_of(from);
    auto checked = check_publishable(message.topic);
    if (checked && message.payload.size() > max_payload_bytes) {
        checked = error{errc::too_large, "the payload is over 128 KB"};
    }
    if (!checked) {
        log_.warn(
            "A client published what is not allowed; it is disconnected.",
            {{"clientId", who.client_id}, {"topic", message.topic}, {"error", checked.error()}});
        return false;
    }
    if (!may_publish(who, message.topic, message.retain)) {
        return false;
    }
    if (is_reserved(message.topic)) {
        log_.warn("No service of ours is behind this reserved topic; the message is dropped.",
                  {{"clientId", who.client_id}, {"topic", message.topic}});
        return true;
    }
    deliver(message.topic, std::make_shared<const std::string>(message.payload), message.level);
    return true;
}

std::optional<qos> hub_sessions::on_subscribe(mqtt::server_connection& from,
                                              std::string_view filter, qos wanted) {
    auto& who = session_of(from);
    const bool possible = !too_many_slashes(filter) && !filter.starts_with("$share/") &&
                          who.filters.size() < most_subscriptions;
    if (!possible || !allows(who, "iot:Subscribe", "topicfilter/", filter)) {
        log_.warn("A subscription was refused.",
                  {{"clientId", who.client_id},
                   {"filter", filter},
                   {"reason", possible ? "no policy allows iot:Subscribe"
                                       : "more than 7 slashes, a shared subscription, or too many "
                                         "subscriptions"}});
        return std::nullopt;
    }
    const auto granted = std::min(wanted, qos::at_least_once);
    who.filters.emplace(filter);
    index_.add(filter, who.number, granted);
    return granted;
}

void hub_sessions::on_unsubscribe(mqtt::server_connection& from, std::string_view filter) {
    auto& who = session_of(from);
    const auto found = who.filters.find(filter);
    if (found != who.filters.end()) {
        index_.remove(filter, who.number);
        who.filters.erase(found);
    }
}

void hub_sessions::on_disconnect(mqtt::server_connection& from, bool clean,
                                 std::string_view reason) {
    const auto who = std::static_pointer_cast<session>(from.context);
    for (const auto& filter : who->filters) {
        index_.remove(filter, who->number);
    }
    sessions_.erase(who->number);
    log_.info(
        "A client left.",
        {{"clientId", who->client_id}, {"reason", reason}, {"droppedMessages", who->dropped}});
    const auto& will = from.info().will;
    if (!clean && will && check_publishable(will->topic) && !is_reserved(will->topic) &&
        may_publish(*who, will->topic, will->retain)) {
        deliver(will->topic, std::make_shared<const std::string>(will->payload), will->level);
    }
}

void hub_sessions::deliver(std::string_view topic, std::shared_ptr<const std::string> payload,
                           qos level) {
    // Sending may close a connection, and its will comes back here: the sessions are looked up one
    // by one.
    for (const auto& match : index_.find(topic)) {
        const auto found = sessions_.find(match.who);
        if (found != sessions_.end()) {
            const auto who = found->second;
            send_to(*who, topic, payload, std::min(level, match.level));
        }
    }
}

void hub_sessions::send_to(session& who, std::string_view topic,
                           const std::shared_ptr<const std::string>& payload, qos level) {
    // Asked again for each message: CVE-2021-34434 was a right that outlived its policy.
    if (!allows(who, "iot:Receive", "topic/", topic)) {
        log_.debug("A subscriber may not receive from this topic.",
                   {{"clientId", who.client_id}, {"topic", topic}});
        return;
    }
    const auto sent = who.connection->publish(topic, payload, level, false);
    if (sent == mqtt::send_result::queue_full && who.dropped++ == 0) {
        log_.warn("A client does not keep up; messages for it are dropped.",
                  {{"clientId", who.client_id}, {"topic", topic}});
    }
}

void hub_sessions::close_where(const std::function<bool(const session&)>& chosen,
                               std::string_view reason) {
    std::vector<topic_index::subscriber> numbers;
    for (const auto& [number, who] : sessions_) {
        if (chosen(*who)) {
            numbers.push_back(number);
        }
    }
    for (const auto number : numbers) {
        const auto found = sessions_.find(number);
        if (found != sessions_.end()) {
            found->second->connection->close(reason);
        }
    }
}

void hub_sessions::cut_off(const std::string& certificate_id) {
    close_where([&](const session& who) { return who.certificate_id == certificate_id; },
                "its certificate is no longer active");
}

void hub_sessions::cut_off_inactive() {
    close_where([&](const session& who) { return !authority_.is_active(who.certificate_id); },
                "its certificate is no longer active");
}

}  // namespace evergrass::cloud

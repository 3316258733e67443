#include "cloud/iot/lifecycle_events.hpp"

#include "libs/base/json.hpp"
#include "libs/base/random.hpp"
#include "libs/mqtt/types.hpp"

#include <utility>

namespace evergrass::cloud {
namespace {

// Far above the clients that come and go within hours; over it the numbers begin anew.
constexpr std::size_t most_counted = 50'000;

json::object describe(std::string_view type, const client_connection& which, wall_time now) {
    json::object body = {{"clientId", which.client_id},
                         {"timestamp", to_epoch_milliseconds(now)},
                         {"eventType", type},
                         {"principalIdentifier", which.principal}};
    if (!which.label.id.empty()) {
        body["sessionIdentifier"] = which.label.id;
        body["versionNumber"] = which.label.version;
    }
    return body;
}

json::object describe(std::string_view type, const mqtt::client_info& who,
                      const std::string& principal, wall_time now) {
    return describe(type, lifecycle_events::connection_of(who, principal), now);
}

json::object describe_end(const client_connection& which, wall_time at, bool clean,
                          std::string_view reason) {
    auto body = describe("disconnected", which, at);
    body["clientInitiatedDisconnect"] = clean;
    body["disconnectReason"] = reason;
    return body;
}

// "127.0.0.1:51234", "[::1]:80"
std::string_view without_port(std::string_view address) {
    return address.substr(0, address.rfind(':'));
}

std::string topic_of(std::string_view kind, const std::string& client_id) {
    return "$aws/events/" + std::string(kind) + "/" + client_id;
}

void say(const lifecycle_events::sayer& to, std::string_view kind, const mqtt::client_info& who,
         const json::object& body) {
    auto topic = topic_of(kind, who.id);
    if (to && mqtt::check_topic_name(topic)) {
        to(std::move(topic), json::serialize(body));
    }
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

std::shared_ptr<void> lifecycle_events::begin_connection(std::string_view client_id) {
    if (!say_) {
        return nullptr;
    }
    auto label = std::make_shared<connection_label>();
    label->id = uuid_v4();
    if (number_) {
        label->version = number_(std::string(client_id));
        return label;
    }
    const std::lock_guard hold(mutex_);
    if (versions_.size() >= most_counted) {
        versions_.clear();
    }
    label->version = versions_[std::string(client_id)]++;
    return label;
}

void lifecycle_events::connected(const mqtt::client_info& who, const std::string& principal) const {
    auto body = describe("connected", who, principal, time_.now());
    body["ipAddress"] = without_port(who.identity.remote_address);
    say(say_, "presence/connected", who, body);
}

void lifecycle_events::disconnected(const mqtt::client_info& who, const std::string& principal,
                                    bool clean, std::string_view why) const {
    say(say_, "presence/disconnected", who,
        describe_end(connection_of(who, principal), time_.now(), clean, reason_of(clean, why)));
}

client_connection lifecycle_events::connection_of(const mqtt::client_info& who,
                                                  const std::string& principal) {
    const auto* const label = static_cast<const connection_label*>(who.context.get());
    return {who.id, principal, label != nullptr ? *label : connection_label()};
}

std::optional<lifecycle_events::event> lifecycle_events::lost(const client_connection& which,
                                                              wall_time at) {
    auto topic = topic_of("presence/disconnected", which.client_id);
    if (!mqtt::check_topic_name(topic)) {
        return std::nullopt;
    }
    return event{std::move(topic),
                 json::serialize(describe_end(which, at, false, "CONNECTION_LOST"))};
}

void lifecycle_events::subscribed(const mqtt::client_info& who, const std::string& principal,
                                  std::span<const std::string_view> filters) const {
    auto body = describe("subscribed", who, principal, time_.now());
    body.erase("versionNumber");
    body["topics"] = json::array(filters.begin(), filters.end());
    say(say_, "subscriptions/subscribed", who, body);
}

void lifecycle_events::unsubscribed(const mqtt::client_info& who, const std::string& principal,
                                    std::span<const std::string_view> filters) const {
    auto body = describe("unsubscribed", who, principal, time_.now());
    body.erase("versionNumber");
    body["topics"] = json::array(filters.begin(), filters.end());
    say(say_, "subscriptions/unsubscribed", who, body);
}

std::string_view lifecycle_events::reason_of(bool clean, std::string_view why) {
    if (clean) {
        return "CLIENT_INITIATED_DISCONNECT";
    }
    if (has(why, "took over")) {
        return "DUPLICATE_CLIENTID";
    }
    if (has(why, "keep alive")) {
        return "MQTT_KEEP_ALIVE_TIMEOUT";
    }
    if (has(why, "may not publish") || has(why, "no longer active")) {
        return "AUTH_ERROR";
    }
    if (has(why, "stopping") || has(why, "emptied")) {
        return "SERVER_INITIATED_DISCONNECT";
    }
    if (has(why, "could not be stored")) {
        return "SERVER_ERROR";
    }
    // Rules of the protocol are cited; what is left are the operating system's words.
    return has(why, "[MQTT") ? "CLIENT_ERROR" : "CONNECTION_LOST";
}

}  // namespace evergrass::cloud

#include "cloud/iot/hub_policy.hpp"

#include "cloud/iot/fleet_topics.hpp"
#include "cloud/iot/topic_rules.hpp"
#include "libs/base/errors.hpp"
#include "libs/jobs/topics.hpp"
#include "libs/shadow/topics.hpp"

#include <utility>

namespace evergrass::cloud {
namespace {

using mqtt::publish_verdict;
using mqtt::reason;

constexpr std::string_view basic_ingest = "$aws/rules/";
constexpr std::size_t max_client_id_bytes = 128;
// Far above the clients that lose something at once; over it the counts start anew.
constexpr std::size_t most_counted = 50'000;

const access_key_principal* principal_of(const mqtt::client_identity& who) {
    return static_cast<const access_key_principal*>(who.attachment.get());
}

std::string principal_text(const mqtt::client_identity& who) {
    const auto* const principal = principal_of(who);
    return principal != nullptr ? principal->access_key_id : who.certificate_id.value_or("");
}

bool is_known(const mqtt::client_identity& who) {
    return who.certificate_id || who.attachment;
}

std::string_view to_text(mqtt::loss why) {
    switch (why) {
        case mqtt::loss::not_connected:
            return "it is not connected";
        case mqtt::loss::not_subscribed:
            return "it has not subscribed";
        case mqtt::loss::queue_full:
            return "it does not keep up";
        case mqtt::loss::session_ended:
            return "its session ended";
        case mqtt::loss::expired:
            return "the message expired";
        case mqtt::loss::packet_too_large:
            return "the message is larger than it takes";
        case mqtt::loss::not_permitted:
            return "it may no longer receive it";
        case mqtt::loss::not_stored:
            return "the disk did not take the message";
    }
    return "unknown";
}

publish_verdict disconnect(reason code) {
    return {publish_verdict::action::disconnect, code};
}

}  // namespace

hub_policy::hub_policy(const service_identity& identity, const device_authority& authority,
                       const registry_changes& changes, logger log, hub_services services)
    : identity_(identity),
      authority_(authority),
      changes_(changes),
      log_(std::move(log)),
      services_(std::move(services)),
      events_(services_.say, services_.number_of) {}

std::shared_ptr<mqtt::external_target> hub_policy::server_of(std::string_view topic) const {
    if (!is_reserved(topic)) {
        return nullptr;
    }
    if (services_.shadows && shadow::parse_request_topic(topic)) {
        return services_.shadows;
    }
    if (services_.provisioning && iot::parse_fleet_topic(topic)) {
        return services_.provisioning;
    }
    return services_.jobs && jobs::parse_request_topic(topic) ? services_.jobs : nullptr;
}

bool hub_policy::allows(const mqtt::client_identity& who, std::string_view client_id,
                        std::string_view action, std::string_view kind,
                        std::string_view name) const {
    if (const auto* const key = principal_of(who)) {
        return key->role >= access_role::operate || !action.ends_with("Publish");
    }
    return who.certificate_id &&
           authority_.allows(*who.certificate_id, action,
                             identity_.iot_arn(std::string(kind) + std::string(name)), client_id);
}

bool hub_policy::would_admit(const mqtt::client_identity& who, std::string_view client_id) const {
    return is_known(who) && client_id.size() <= max_client_id_bytes &&
           (!who.certificate_id || who.attachment || authority_.is_active(*who.certificate_id)) &&
           allows(who, client_id, "iot:Connect", "client/", client_id);
}

mqtt::admission hub_policy::admit(const mqtt::client_identity& who, std::string_view client_id,
                                  const mqtt::connect_packet& packet) {
    static_cast<void>(packet);
    const auto refuse = [&](reason code, std::string_view why) {
        log_.warn("A client was refused.", {{"clientId", client_id},
                                            {"certificateId", who.certificate_id.value_or("")},
                                            {"from", who.remote_address},
                                            {"reason", why}});
        return mqtt::admission{code, nullptr};
    };
    if (!is_known(who)) {
        return refuse(reason::not_authorized, "it showed no certificate and signed with no key");
    }
    if (client_id.size() > max_client_id_bytes) {
        return refuse(reason::client_identifier_not_valid, "its client id is over 128 bytes");
    }
    // The handshake asked for ACTIVE already, but that may have been a while ago.
    if (who.certificate_id && !who.attachment && !authority_.is_active(*who.certificate_id)) {
        return refuse(reason::not_authorized, "its certificate is not active");
    }
    if (!allows(who, client_id, "iot:Connect", "client/", client_id)) {
        return refuse(reason::not_authorized,
                      "no policy of its certificate allows iot:Connect with this client id");
    }
    mqtt::admission admitted;
    admitted.context = events_.begin_connection(client_id);
    return admitted;
}

void hub_policy::connected(const mqtt::client_info& who, bool session_present) {
    const auto* const principal = principal_of(who.identity);
    take_lost(who.id);
    log_.info("A client connected.",
              {{"clientId", who.id},
               {principal != nullptr ? "accessKeyId" : "certificateId",
                principal != nullptr ? principal->access_key_id
                                     : who.identity.certificate_id.value_or("")},
               {"from", who.identity.remote_address},
               {"version", who.version == mqtt::protocol_version::v5 ? "5.0" : "3.1.1"},
               {"webSocket", who.identity.websocket},
               {"sessionPresent", session_present}});
    still_connected(who);
}

void hub_policy::still_connected(const mqtt::client_info& who) {
    const auto by = principal_text(who.identity);
    if (services_.came) {
        services_.came(lifecycle_events::connection_of(who, by));
    }
    events_.connected(who, by);
}

void hub_policy::disconnected(const mqtt::client_info& who, bool clean, std::string_view why) {
    log_.info("A client left.", {{"clientId", who.id},
                                 {"clean", clean},
                                 {"reason", why},
                                 {"droppedMessages", take_lost(who.id)}});
    const auto by = principal_text(who.identity);
    events_.disconnected(who, by, clean, why);
    if (services_.left) {
        services_.left(lifecycle_events::connection_of(who, by));
    }
}

void hub_policy::subscribed(const mqtt::client_info& who,
                            std::span<const std::string_view> filters) {
    events_.subscribed(who, principal_text(who.identity), filters);
}

void hub_policy::unsubscribed(const mqtt::client_info& who,
                              std::span<const std::string_view> filters) {
    events_.unsubscribed(who, principal_text(who.identity), filters);
}

publish_verdict hub_policy::may_publish(const mqtt::client_info& from,
                                        const mqtt::publish_view& message) {
    const auto checked = check_publishable(message.topic);
    const bool too_large = message.payload.size() > max_payload_bytes;
    if (!checked || too_large) {
        log_.warn("A client published what is not allowed; it is disconnected, as AWS IoT does.",
                  {{"clientId", from.id},
                   {"topic", message.topic},
                   {"error", too_large ? "the payload is over 128 KB" : checked.error().context}});
        return disconnect(too_large ? reason::packet_too_large : reason::topic_name_invalid);
    }
    if (!allows(from.identity, from.id, "iot:Publish", "topic/", message.topic) ||
        (message.retain &&
         !allows(from.identity, from.id, "iot:RetainPublish", "topic/", message.topic))) {
        log_.warn("A client may not publish to this topic; it is disconnected, as AWS IoT does.",
                  {{"clientId", from.id}, {"topic", message.topic}, {"retain", message.retain}});
        return disconnect(reason::not_authorized);
    }
    if (message.topic.starts_with(basic_ingest)) {
        log_.warn("There are no rules (Basic Ingest) in this service; the message is dropped.",
                  {{"clientId", from.id}, {"topic", message.topic}});
        return {publish_verdict::action::acknowledge, reason::topic_name_invalid};
    }
    if (is_reserved(message.topic) && (message.retain || !server_of(message.topic))) {
        log_.warn(message.retain
                      ? "Reserved topics have no retained messages; the message is dropped."
                      : "No service of ours is behind this reserved topic; the message is dropped.",
                  {{"clientId", from.id}, {"topic", message.topic}});
        return {publish_verdict::action::acknowledge, reason::success};
    }
    return {};
}

reason hub_policy::may_subscribe(const mqtt::client_info& who, std::string_view filter,
                                 const mqtt::subscription_options& wanted, bool shared) {
    const auto refuse = [&](reason code, std::string_view why) {
        log_.warn("A subscription was refused.",
                  {{"clientId", who.id}, {"filter", filter}, {"shared", shared}, {"reason", why}});
        return code;
    };
    if (shared && services_.has_room_for_shares && !services_.has_room_for_shares()) {
        return refuse(reason::quota_exceeded, "this service takes part in too many shares");
    }
    if (has_too_many_slashes(filter)) {
        return refuse(reason::topic_filter_invalid, "more than 7 slashes");
    }
    if (filter.size() > max_topic_bytes && !is_reserved(filter)) {
        return refuse(reason::topic_filter_invalid, "more than 256 bytes");
    }
    if (!allows(who.identity, who.id, "iot:Subscribe", "topicfilter/", filter)) {
        return refuse(reason::not_authorized, "no policy allows iot:Subscribe");
    }
    return static_cast<reason>(std::min(wanted.level, mqtt::qos::at_least_once));
}

bool hub_policy::may_receive(const mqtt::client_info& who, std::string_view source,
                             std::string_view topic) {
    static_cast<void>(source);
    return !is_known(who.identity) || allows(who.identity, who.id, "iot:Receive", "topic/", topic);
}

void hub_policy::resolve(const mqtt::client_info* from, std::string_view source,
                         std::string_view topic, mqtt::route_builder& to) {
    static_cast<void>(source);
    if (services_.everybody && from != nullptr) {
        to.external(services_.everybody);
    } else {
        to.subscribers();
    }
    if (auto service = server_of(topic)) {
        to.external(std::move(service));
    }
}

void hub_policy::lost(mqtt::loss why, std::string_view source, std::string_view topic,
                      std::string_view client_id) {
    static_cast<void>(source);
    const bool is_there = why != mqtt::loss::session_ended && why != mqtt::loss::not_connected &&
                          why != mqtt::loss::not_subscribed;
    if (!is_there) {
        log_.debug("A message for a client is dropped.",
                   {{"clientId", client_id}, {"topic", topic}, {"reason", to_text(why)}});
        take_lost(std::string(client_id));
        return;
    }
    std::uint64_t before = 0;
    {
        const std::lock_guard hold(mutex_);
        if (lost_.size() >= most_counted) {
            lost_.clear();
        }
        const auto known = lost_.find(client_id);
        auto& count = known != lost_.end() ? known->second : lost_[std::string(client_id)];
        before = count++;
    }
    // The first one says it; how many there were, the log says when the client leaves.
    log_.write(before == 0 ? log_level::warn : log_level::debug,
               "A message for a client is dropped.",
               {{"clientId", client_id}, {"topic", topic}, {"reason", to_text(why)}});
}

std::uint64_t hub_policy::take_lost(const std::string& client_id) {
    const std::lock_guard hold(mutex_);
    const auto known = lost_.find(client_id);
    if (known == lost_.end()) {
        return 0;
    }
    const auto count = known->second;
    lost_.erase(known);
    return count;
}

}  // namespace evergrass::cloud

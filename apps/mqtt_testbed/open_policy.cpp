#include "apps/mqtt_testbed/open_policy.hpp"

namespace evergrass::testbed {
namespace {

// `$SYS` and `$SYS/…`, not `$SYSTEM`.
bool is_at_or_below(std::string_view topic, std::string_view parent) {
    return topic.starts_with(parent) &&
           (topic.size() == parent.size() || topic[parent.size()] == '/');
}

}  // namespace

mqtt::admission open_policy::admit(const mqtt::client_identity&, std::string_view,
                                   const mqtt::connect_packet&) {
    return {};
}

mqtt::publish_verdict open_policy::may_publish(const mqtt::client_info&,
                                               const mqtt::publish_view& message) {
    if (message.topic.front() == '$' &&
        (is_at_or_below(message.topic, "$SYS") || is_at_or_below(message.topic, "$share"))) {
        return {mqtt::publish_verdict::action::acknowledge, mqtt::reason::not_authorized};
    }
    return {};
}

mqtt::reason open_policy::may_subscribe(const mqtt::client_info&, std::string_view,
                                        const mqtt::subscription_options& wanted, bool) {
    return static_cast<mqtt::reason>(wanted.level);
}

bool open_policy::may_receive(const mqtt::client_info&, std::string_view, std::string_view) {
    return true;
}

void open_policy::resolve(const mqtt::client_info*, std::string_view, std::string_view,
                          mqtt::route_builder& to) {
    to.subscribers();
}

void open_policy::lost(mqtt::loss why, std::string_view, std::string_view topic,
                       std::string_view client_id) {
    if (losses_) {
        losses_->add(why, topic, client_id);
    }
}

}  // namespace evergrass::testbed

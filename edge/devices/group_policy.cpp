#include "edge/devices/group_policy.hpp"

#include "edge/devices/source_name.hpp"

#include <algorithm>

namespace evergrass::edge {

// Immutable; replaced whole.
struct group_policy::admissions {
    // Certificate id to the things that it stands for; more than one when devices share it.
    std::unordered_map<std::string, std::vector<std::string>> by_certificate;
    std::unordered_set<std::string> things;

    bool may_be(const std::string& certificate, std::string_view thing) const {
        const auto found = by_certificate.find(certificate);
        return found != by_certificate.end() &&
               std::find(found->second.begin(), found->second.end(), thing) != found->second.end();
    }
    bool knows(std::string_view thing) const { return things.contains(std::string(thing)); }
};

// Where a device's messages go that the table sends nowhere: they are counted.
class group_policy::without_route final : public mqtt::external_target {
public:
    without_route(router& messages, drop_reason why) : router_(messages), why_(why) {}

    void deliver(const mqtt::publication& message, const mqtt::receipt&) override {
        router_.count_drop(why_, source_end(message.source()), message.topic(), nullptr);
    }

private:
    router& router_;
    drop_reason why_;
};

drop_reason drop_reason_of(mqtt::loss why) {
    switch (why) {
        case mqtt::loss::not_connected:
            return drop_reason::device_not_connected;
        case mqtt::loss::not_subscribed:
            return drop_reason::device_not_subscribed;
        case mqtt::loss::queue_full:
            return drop_reason::queue_full;
        case mqtt::loss::session_ended:
            return drop_reason::session_ended;
        case mqtt::loss::expired:
            return drop_reason::message_expired;
        case mqtt::loss::packet_too_large:
            return drop_reason::packet_too_large;
        case mqtt::loss::not_permitted:
            return drop_reason::not_permitted;
        case mqtt::loss::not_stored:
            return drop_reason::not_stored;
    }
    return drop_reason::device_not_connected;
}

group_policy::group_policy(group_policy_settings settings, router& messages, outside others,
                           logger log)
    : settings_(settings),
      router_(messages),
      others_(std::move(others)),
      log_(std::move(log)),
      lanes_([&messages] { return std::make_unique<routing_lane>(messages); }),
      no_subscription_(std::make_shared<without_route>(messages, drop_reason::no_subscription)),
      subject_differs_(std::make_shared<without_route>(messages, drop_reason::subject_differs)),
      admissions_(std::make_shared<admissions>()) {}

group_policy::~group_policy() = default;

std::shared_ptr<const group_policy::admissions> group_policy::current() const {
    const std::lock_guard lock(mutex_);
    return admissions_;
}

// --- Who may connect -----------------------------------------------------------------------------

void group_policy::admit(const std::vector<contract::group_member>& devices) {
    auto next = std::make_shared<admissions>();
    for (const auto& device : devices) {
        const auto thing = device.thing_name();
        if (thing.find('/') != std::string::npos) {  // source_name() relies on it
            log_.error("A device is left out: a thing's name has no '/'.", {{"thing", thing}});
            continue;
        }
        next->by_certificate[device.certificate_id()].push_back(thing);
        next->things.insert(thing);
    }
    std::shared_ptr<const admissions> old = std::move(next);
    const std::lock_guard lock(mutex_);
    admissions_.swap(old);
}

bool group_policy::knows(std::string_view thing) const {
    return current()->knows(thing);
}

bool group_policy::is_gone(const mqtt::client_info& who) const {
    return !current()->knows(who.id);
}

bool group_policy::has_old_certificate(const mqtt::client_info& who) const {
    const auto& certificate = who.identity.certificate_id;
    return settings_.certificates && certificate && !current()->may_be(*certificate, who.id);
}

bool group_policy::admits(const std::string& certificate_id) {
    if (current()->by_certificate.contains(certificate_id)) {
        return true;
    }
    router_.count_drop(drop_reason::certificate_not_in_group,
                       {endpoint_kind::device, "certificate " + certificate_id}, "", nullptr);
    log_.warn("A device was refused: its certificate is not of this group.",
              {{"certificateId", certificate_id},
               {"next", "add the device to the group with this certificate and deploy"}});
    return false;
}

std::string group_policy::assign_client_id(const mqtt::client_identity& who) {
    const auto now = current();
    const auto found = who.certificate_id ? now->by_certificate.find(*who.certificate_id)
                                          : now->by_certificate.end();
    return found != now->by_certificate.end() ? found->second.front()
                                              : policy::assign_client_id(who);
}

mqtt::admission group_policy::admit(const mqtt::client_identity& who, std::string_view client_id,
                                    const mqtt::connect_packet& packet) {
    const auto now = current();
    const auto refuse = [&](drop_reason why, mqtt::reason code) {
        router_.count_drop(why, {endpoint_kind::device, std::string(client_id)}, "", nullptr);
        log_.warn("A device was refused.", {{"clientId", client_id},
                                            {"reason", describe(why).sentence},
                                            {"next", describe(why).next_step},
                                            {"remote", who.remote_address}});
        return mqtt::admission{code, nullptr};
    };
    if (packet.client_id.empty() && packet.version() == mqtt::protocol_version::v3_1_1) {
        // 5.0 tells a client the id that it was given; 3.1.1 can't.
        return refuse(drop_reason::client_id_not_thing, mqtt::reason::client_identifier_not_valid);
    }
    if (settings_.certificates) {
        // The handshake has asked already; a deployment may have removed the device since.
        if (!who.certificate_id || !now->by_certificate.contains(*who.certificate_id)) {
            return refuse(drop_reason::certificate_not_in_group, mqtt::reason::not_authorized);
        }
        if (!now->may_be(*who.certificate_id, client_id)) {
            return refuse(drop_reason::client_id_not_thing,
                          mqtt::reason::client_identifier_not_valid);
        }
    } else if (!now->knows(client_id)) {
        return refuse(drop_reason::client_id_not_thing, mqtt::reason::client_identifier_not_valid);
    }
    return {};
}

void group_policy::connected(const mqtt::client_info& who, bool session_present) {
    log_.info("Device connected.", {{"thing", who.id},
                                    {"remote", who.identity.remote_address},
                                    {"sessionPresent", session_present}});
}

void group_policy::disconnected(const mqtt::client_info& who, bool clean, std::string_view why) {
    log_.info("Device disconnected.", {{"thing", who.id}, {"clean", clean}, {"reason", why}});
}

// --- Who may say and hear what -------------------------------------------------------------------

mqtt::publish_verdict group_policy::may_publish(const mqtt::client_info& from,
                                                const mqtt::publish_view& message) {
    if (message.payload.size() <= router_.max_message_bytes()) [[likely]] {
        return {};
    }
    return refuse_size(from, message);
}

mqtt::publish_verdict group_policy::refuse_size(const mqtt::client_info& from,
                                                const mqtt::publish_view& message) {
    lanes_.here().count_published(endpoint_kind::device);
    router_.count_drop(drop_reason::message_too_large, {endpoint_kind::device, from.id},
                       message.topic, nullptr);
    return {mqtt::publish_verdict::action::acknowledge, mqtt::reason::quota_exceeded};
}

mqtt::reason group_policy::may_subscribe(const mqtt::client_info& who, std::string_view filter,
                                         const mqtt::subscription_options& wanted, bool) {
    if (!lanes_.here().table().may_receive({endpoint_kind::device, who.id}, filter)) {
        log_.warn("A device's SUBSCRIBE was refused: nothing in the group can reach it there.",
                  {{"thing", who.id},
                   {"filter", filter},
                   {"next",
                    "add a subscription to the group whose target is this device and whose "
                    "subject covers the filter, and deploy"}});
        return mqtt::reason::not_authorized;
    }
    // Granted as asked for by V1's profile too, although it delivers at QoS 0 (spec/core.md §9):
    // clients that ask for 1 and are granted 0 may take it for a fault.
    const auto most = settings_.behaviour == mqtt::profile::v1 ? mqtt::qos::at_least_once
                                                               : mqtt::qos::exactly_once;
    return static_cast<mqtt::reason>(std::min(wanted.level, most));
}

bool group_policy::may_receive(const mqtt::client_info& who, std::string_view source,
                               std::string_view topic) {
    return lanes_.here().table().leads_to(source_end(source), topic,
                                          {endpoint_kind::device, who.id});
}

void group_policy::resolve(const mqtt::client_info* from, std::string_view source,
                           std::string_view topic, mqtt::route_builder& to) {
    const auto sender = source_end(source);
    auto& lane = lanes_.here();
    const auto& table = lane.table();
    std::vector<routing_table::way> ways;
    table.match(sender, topic, ways);
    bool any = false;
    std::vector<way_number> numbers;  // of the ways to one target
    for (std::size_t at = 0; at < ways.size();) {
        const auto* const target = ways[at].target;
        numbers.clear();
        for (; at < ways.size() && ways[at].target == target; ++at) {
            numbers.push_back(lane.number_of(ways[at].entry));
        }
        if (target->kind == endpoint_kind::device) {
            to.client(target->name, numbers);
            any = true;
        } else if (from != nullptr) {  // else the router has served it
            to.external(others_(*target, numbers));
            any = true;
        }
    }
    if (!any && !to.forwarded()) {
        to.nobody(mqtt::reason::not_authorized);
        to.external(table.has_source(sender) ? subject_differs_ : no_subscription_);
    }
}

// --- What became of it ---------------------------------------------------------------------------

void group_policy::lost(mqtt::loss why, std::string_view source, std::string_view topic,
                        std::string_view client_id) {
    const endpoint target{endpoint_kind::device, std::string(client_id)};
    if (source.empty()) {
        router_.count_drop(drop_reason_of(why), topic, &target);
    } else {
        router_.count_drop(drop_reason_of(why), source_end(source), topic, &target);
    }
}

void group_policy::routed(std::string_view source, const mqtt::client_info* from,
                          std::size_t clients, std::span<const std::uint32_t> marks) {
    if (from == nullptr && clients == 0) {
        return;
    }
    auto& lane = lanes_.here();
    if (from != nullptr) {
        lane.count_published(endpoint_kind::device);
    }
    if (clients != 0) {
        const auto kind = from != nullptr ? endpoint_kind::device : source_kind(source);
        lane.count_delivered(kind, endpoint_kind::device, clients);
        lane.count_carried(marks);
    }
}

}  // namespace evergrass::edge

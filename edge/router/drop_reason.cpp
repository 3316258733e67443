#include "edge/router/drop_reason.hpp"

#include <algorithm>

namespace evergrass::edge {

const std::array<drop_reason_text, drop_reason_count>& drop_reasons() {
    using enum drop_reason;
    static constexpr std::array<drop_reason_text, drop_reason_count> all{{
        {no_subscription, "no_subscription", "no subscription has this source",
         "add a subscription with this source, this subject and the target that is wanted, and "
         "deploy"},
        {subject_differs, "subject_differs",
         "the source has subscriptions, but the topic matches the subject of none",
         "publish to a topic that one of its subjects covers, or change the subject and deploy"},
        {message_too_large, "message_too_large",
         "the payload is larger than 128 KB (mqttLimits.messageBytes in config.json)",
         "send it in parts, or put it in a file or store and send where it is"},
        {no_such_target, "no_such_target", "no part of this core serves that kind of target",
         "give the subscription a device, a function or the cloud as its target, and deploy"},
        {certificate_not_in_group, "certificate_not_in_group",
         "the device's certificate is not in the group",
         "add the device to the group with the certificate that it uses, and deploy"},
        {client_id_not_thing, "client_id_not_thing",
         "the device connected with a client id that is not its thing's name",
         "connect with the thing's name as MQTT client id"},
        {device_not_connected, "device_not_connected", "the device is not connected",
         "connect it; with a persistent session, messages wait for it while it is away"},
        {device_not_subscribed, "device_not_subscribed",
         "the device is connected but has not subscribed to the topic",
         "have the device send SUBSCRIBE with a filter that covers the topic"},
        {queue_full, "queue_full", "the device's queue is full",
         "the device takes messages more slowly than they come: send fewer, or find out why it "
         "does not read or acknowledge"},
        {session_ended, "session_ended",
         "the device's session ended before the message was delivered",
         "connect with a persistent session, or a longer session expiry, so that messages wait"},
        {message_expired, "message_expired",
         "the message's expiry interval passed before it was delivered",
         "publish with a longer message expiry interval, or have the device connect more often"},
        {packet_too_large, "packet_too_large",
         "the message is larger than the Maximum Packet Size that the device named",
         "send smaller messages, or have the device name a larger size when it connects"},
        {not_permitted, "not_permitted",
         "the message waited for the device when a deployment took away its way there",
         "if the device should have had it, deploy the subscription again"},
        {not_stored, "not_stored",
         "the disk did not take the message for the device's persistent session",
         "make room on the disk of ggc/var/state/mqtt (runtime.log has its error), or have the "
         "devices that left sessions there come back or expire"},
        {function_stopped, "function_stopped", "the function is not running",
         "check that the group has this version of the function, and its log "
         "(ggc/var/log/user) for why it stopped"},
        {function_failed, "function_failed",
         "the function's worker failed to start, and the message that it was started for is lost",
         "look at the function's log (ggc/var/log/user) and deploy a version that starts"},
        {work_queue_full, "work_queue_full",
         "the work that waits for functions has reached maxWorkItemCount",
         "make the functions faster or call them less often, or raise runtime.maxWorkItemCount in "
         "config.json"},
        {cloud_queue_too_small, "cloud_queue_too_small",
         "the message alone is larger than the queue for the cloud",
         "send it in parts that fit the queue (GG_CONFIG_MAX_SIZE_BYTES of GGCloudSpooler)"},
        {cloud_queue_overwritten, "cloud_queue_overwritten",
         "the queue for the cloud was full, and newer messages took the place of this one",
         "restore the connection to the cloud (evergrass link says why there is none), send it "
         "less, or give the queue more room (GG_CONFIG_MAX_SIZE_BYTES of GGCloudSpooler)"},
        {cloud_queue_damaged, "cloud_queue_damaged",
         "the disk lost the message while it waited for the cloud",
         "look at the disk of ggc/var/state/spool: runtime.log says which file is damaged"},
        {cloud_refused, "cloud_refused", "the cloud did not take the message",
         "look at runtime.log for its reason; allow iot:Publish on the topic in the core's "
         "policy"},
        {not_a_shadow_request, "not_a_shadow_request",
         "the topic is none on which the shadow service is asked for something",
         "publish to $aws/things/THING/shadow/get, update or delete"},
        {core_busy, "core_busy",
         "what devices sent to functions and the cloud came faster than the core hands it on",
         "send less, or give the core a faster processor: 16 MiB may wait there"},
        {core_stopped, "core_stopped", "the core stopped while the message waited in memory",
         "stop the core while its connection to the cloud is up"},
    }};
    return all;
}

const drop_reason_text& describe(drop_reason reason) {
    return drop_reasons().at(static_cast<std::size_t>(reason));
}

std::string_view to_string(drop_reason reason) {
    return describe(reason).sentence;
}

std::optional<drop_reason> find_drop_reason(std::string_view name) {
    const auto& all = drop_reasons();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& text) { return text.name == name; });
    return found == all.end() ? std::nullopt : std::optional(found->reason);
}

bool is_queue_full(drop_reason reason) {
    return reason == drop_reason::queue_full || reason == drop_reason::work_queue_full;
}

}  // namespace evergrass::edge

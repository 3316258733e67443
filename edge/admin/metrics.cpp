#include "edge/admin/admin_answers.hpp"
#include "edge/router/end_name.hpp"
#include "libs/base/metrics_writer.hpp"

#include <algorithm>
#include <string_view>

namespace evergrass::edge {
namespace {

void write_routed(metrics_writer& out, const routed_totals& totals) {
    out.family("messages_published_total", "counter",
               "Messages that reached the router, by kind of source.");
    for (std::size_t source = 0; source < endpoint_kind_count; ++source) {
        out.sample({{"source", kind_name(static_cast<endpoint_kind>(source))}},
                   totals.published[source]);
    }
    out.family("messages_routed_total", "counter",
               "Messages that a target took, by kind of source and target.");
    for (std::size_t source = 0; source < endpoint_kind_count; ++source) {
        for (std::size_t target = 0; target < endpoint_kind_count; ++target) {
            out.sample({{"source", kind_name(static_cast<endpoint_kind>(source))},
                        {"target", kind_name(static_cast<endpoint_kind>(target))}},
                       totals.delivered[source][target]);
        }
    }
}

void write_mqtt(metrics_writer& out, const mqtt::server::statistics& now) {
    out.single("mqtt_connections", "gauge", "Clients of the local MQTT server.", now.connections);
    out.single("mqtt_sessions", "gauge", "MQTT sessions, connected or kept.", now.sessions);
    out.single("mqtt_retained_messages", "gauge", "Retained messages.", now.retained);
    out.single("mqtt_retained_bytes", "gauge", "Their topics and payloads.", now.retained_bytes);
    out.family("mqtt_handshakes_total", "counter", "TLS handshakes, by outcome.");
    out.sample({{"outcome", "full"}}, now.handshakes - now.handshakes_resumed);
    out.sample({{"outcome", "resumed"}}, now.handshakes_resumed);
    out.sample({{"outcome", "failed"}}, now.handshakes_failed);
    out.single("mqtt_connections_refused_total", "counter", "Connections over a limit.",
               now.connections_refused);
    const auto journal = now.journal.value_or(mqtt::session_journal::statistics{});
    out.single("mqtt_journal_bytes", "gauge", "Files of sessions and retained messages.",
               journal.log_bytes);
    out.single("mqtt_journal_live_bytes", "gauge", "What still counts of them.",
               journal.live_bytes);
    out.single("mqtt_journal_records_total", "counter", "Records that were added to them.",
               journal.records);
    out.single("mqtt_journal_syncs_total", "counter", "Times that they were made durable.",
               journal.syncs);
    out.single("mqtt_journal_failing", "gauge", "1 while the disk does not take them.",
               journal.failing ? 1 : 0);
}

void write_cloud_queue(metrics_writer& out, const core_snapshot::queue& queue) {
    out.single("cloud_queue_messages", "gauge",
               "Messages that wait for the cloud, those in flight too.", queue.messages);
    out.single("cloud_queue_bytes", "gauge", "Their topics and payloads.", queue.bytes);
    out.single("cloud_queue_max_bytes", "gauge", "What they may be.", queue.max_bytes);
    out.single("cloud_queue_unsaved_messages", "gauge", "Of them, in memory alone.", queue.unsaved);
    out.single("cloud_queue_oldest_seconds", "gauge", "The age of the oldest; 0: none waits.",
               static_cast<std::uint64_t>(queue.oldest_seconds.value_or(0)));
    out.single("cloud_in_flight_messages", "gauge", "Sent to the cloud and not acknowledged yet.",
               queue.in_flight);
    out.single("cloud_delivered_total", "counter", "Messages that the cloud acknowledged.",
               queue.delivered);
    out.single("cloud_overwritten_total", "counter",
               "Messages for the cloud that gave way to newer ones.", queue.overwritten);
    out.single("cloud_overwritten_ever", "gauge",
               "The same since the queue's files were made, kills included.",
               queue.overwritten_ever);
    out.single("cloud_damaged_total", "counter", "Messages for the cloud that the disk lost.",
               queue.damaged);
    out.single("cloud_unknown_loss", "gauge",
               "1 when the run before was killed with its queue in memory.",
               queue.unknown_loss ? 1 : 0);
    out.single("cloud_queue_disk_failing", "gauge",
               "1 while the disk does not take messages for the cloud.", queue.disk_error ? 1 : 0);
}

void write_cloud_connections(metrics_writer& out,
                             const std::vector<core_snapshot::connection>& connections) {
    out.family("cloud_connection_up", "gauge", "1 while this connection to the cloud is up.");
    for (const auto& each : connections) {
        out.sample({{"connection", each.client_id}}, each.connected ? 1 : 0);
    }
    out.family("cloud_bytes_total", "counter", "Bytes of MQTT, by connection and direction.");
    for (const auto& each : connections) {
        out.sample({{"connection", each.client_id}, {"direction", "in"}}, each.bytes_in);
        out.sample({{"connection", each.client_id}, {"direction", "out"}}, each.bytes_out);
    }
}

void write_functions(metrics_writer& out, const core_snapshot& core) {
    using function = core_snapshot::function;
    struct column {
        const char* name;
        const char* type;
        const char* help;
        std::uint64_t (*value)(const function&);
    };
    for (const auto& c :
         {column{"function_invocations_total", "counter", "Work that a function was given.",
                 [](const function& f) { return f.invocations; }},
          column{"function_errors_total", "counter", "Invocations that failed.",
                 [](const function& f) { return f.errors; }},
          column{"function_restarts_total", "counter", "Long-lived functions started again.",
                 [](const function& f) { return f.restarts; }},
          column{"function_workers", "gauge", "Processes of a function.",
                 [](const function& f) { return static_cast<std::uint64_t>(f.workers); }},
          column{"function_queued", "gauge", "Work that waits for a function.",
                 [](const function& f) { return static_cast<std::uint64_t>(f.queued); }}}) {
        out.family(c.name, c.type, c.help);
        for (const auto& f : core.functions) {
            out.sample({{"function", end_name({endpoint_kind::function, f.arn})}}, c.value(f));
        }
    }
}

}  // namespace

std::string metrics_text(router& messages, const core_snapshot& core) {
    metrics_writer out;
    out.family("build_info", "gauge", "1, with the version.");
    out.sample({{"version", EVERGRASS_VERSION}}, 1);
    out.single("start_time_seconds", "gauge", "When the core started, since 1970.",
               static_cast<std::uint64_t>(core.started_at));
    out.family("drops_total", "counter",
               "Messages that a target did not get, by reason (docs/drop-reasons.md).");
    const auto drops = messages.drops();
    for (const auto& text : drop_reasons()) {
        out.sample({{"reason", text.name}}, drops[static_cast<std::size_t>(text.reason)]);
    }
    write_routed(out, messages.routed());
    out.single("subscriptions", "gauge", "Subscriptions in the routing table.",
               messages.table().size());
    // A sample for each would be too many, of up to 10,000: GET /subscriptions has them.
    out.single("subscriptions_quiet", "gauge",
               "Of them, those that have carried no message since the start.",
               quiet_ones(messages.carried()));
    out.single("routing_tables_total", "counter", "Routing tables that were put in place.",
               messages.tables_set());
    out.family("deployments_total", "counter",
               "Deployments that were applied since the start, by outcome.");
    out.sample({{"outcome", "success"}}, core.deployments_applied);
    out.sample({{"outcome", "failure"}}, core.deployments_failed);
    out.single("devices", "gauge", "Devices of the group.", core.devices.size());
    out.single(
        "devices_connected", "gauge", "Devices of the group that are connected.",
        static_cast<std::uint64_t>(std::count_if(core.devices.begin(), core.devices.end(),
                                                 [](const auto& d) { return d.connected; })));
    write_mqtt(out, core.mqtt);
    if (core.tls) {
        out.single("local_certificate_ends_seconds", "gauge",
                   "When the certificate ends that devices are shown, in seconds since 1970.",
                   static_cast<std::uint64_t>(to_epoch_seconds(core.tls->certificate_ends)));
    }
    out.single("cloud_connected", "gauge", "1 while the link to the cloud is up.",
               core.cloud_connected ? 1 : 0);
    write_cloud_queue(out, core.cloud_queue);
    write_cloud_connections(out, core.connections);
    out.single("shadows_synced", "gauge", "Shadows that are synced with the cloud.",
               core.shadows_synced);
    out.single("shadows_settled", "gauge", "Of those, the same on both sides.",
               core.shadows_settled);
    out.single("shadows_stuck", "gauge", "Of those, different until one side changes.",
               core.shadows_stuck);
    write_functions(out, core);
    return out.take();
}

}  // namespace evergrass::edge

#include "edge/admin/link_json.hpp"

#include "libs/base/time.hpp"

namespace evergrass::edge {
namespace {

template <class T>
json::value or_null(const std::optional<T>& value) {
    return value ? json::value(*value) : json::value(nullptr);
}

json::object queue_json(const core_snapshot::queue& queue) {
    return {{"storage", queue.storage},
            {"maxBytes", queue.max_bytes},
            {"messages", queue.messages},
            {"bytes", queue.bytes},
            {"unsaved", queue.unsaved},
            {"oldestSeconds", or_null(queue.oldest_seconds)},
            {"inFlight", queue.in_flight},
            {"window", queue.window},
            {"delivered", queue.delivered},
            {"overwritten", queue.overwritten},
            {"overwrittenEver", queue.overwritten_ever},
            {"damaged", queue.damaged},
            {"unknownLoss", queue.unknown_loss},
            {"diskError", or_null(queue.disk_error)}};
}

}  // namespace

json::object link_json(const core_snapshot& core) {
    json::array connections;
    for (const auto& each : core.connections) {
        connections.push_back(
            json::object{{"clientId", each.client_id},
                         {"endpoint", each.endpoint},
                         {"connected", each.connected},
                         {"since", format_iso8601(each.since)},
                         {"filters", each.filters},
                         {"lastError", each.last_error.empty() ? json::value(nullptr)
                                                               : json::value(each.last_error)},
                         {"bytesIn", each.bytes_in},
                         {"bytesOut", each.bytes_out}});
    }
    return {{"thing", core.thing},
            {"connected", core.cloud_connected},
            {"connections", std::move(connections)},
            {"queue", queue_json(core.cloud_queue)}};
}

}  // namespace evergrass::edge

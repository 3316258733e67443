// What the core does with its spooler: docs/link.md.
#include "apps/greengrassd/core.hpp"

#include <algorithm>

namespace evergrass::greengrassd {
namespace {

edge::drop_reason reason_of(edge::spooler::loss why) {
    switch (why) {
        case edge::spooler::loss::overwritten:
            return edge::drop_reason::cloud_queue_overwritten;
        case edge::spooler::loss::damaged:
            return edge::drop_reason::cloud_queue_damaged;
        case edge::spooler::loss::stopped:
            break;
    }
    return edge::drop_reason::core_stopped;
}

}  // namespace

// By the settings of the last deployment, before anything is published. What is wrong with them is
// for boot() to say.
void core::open_spooler() {
    spooler_.on_loss = [this](edge::spooler::loss why, std::string_view topic) {
        const edge::endpoint cloud{edge::endpoint_kind::cloud, ""};
        router_.count_drop(reason_of(why), topic, &cloud);
    };
    edge::spool_settings settings;
    if (const auto sealed = store_.current(); sealed && *sealed) {
        if (const auto last = signing_key_.open(**sealed)) {
            if (const auto told = edge::spool_settings_of(last->functions)) {
                settings = *told;
            }
        }
    }
    if (const auto opened = spooler_.open(settings); !opened) {
        log_.error("Messages for the cloud are not saved.", {{"reason", opened.error()}});
    }
}

void core::add_link(edge::core_snapshot& now) const {
    for (auto& each : cloud_.connections()) {
        now.cloud_connected = now.cloud_connected || each.connected;
        now.connections.push_back({std::move(each.client_id), std::move(each.endpoint),
                                   each.connected, each.since, each.filters,
                                   std::move(each.last_error), each.bytes_in, each.bytes_out});
    }
    const auto spooled = spooler_.numbers();
    auto& queue = now.cloud_queue;
    queue.storage = edge::to_string(spooled.settings.storage);
    queue.max_bytes = spooled.settings.max_bytes;
    queue.messages = spooled.messages;
    queue.bytes = spooled.bytes;
    queue.unsaved = spooled.unsaved;
    if (spooled.oldest) {
        const auto age = time_.now() - *spooled.oldest;
        queue.oldest_seconds = std::max<std::int64_t>(
            0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
    }
    queue.in_flight = cloud_.sending().in_flight();
    queue.window = config_.cloud_messages_in_flight;
    queue.delivered = cloud_.sending().delivered();
    queue.overwritten = spooled.overwritten;
    queue.overwritten_ever = spooled.overwritten_ever;
    queue.damaged = spooled.damaged;
    queue.unknown_loss = spooled.unknown_loss;
    queue.disk_error = spooled.disk_error;
}

}  // namespace evergrass::greengrassd

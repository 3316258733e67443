#include "apps/evergrass/link.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"

#include <chrono>
#include <iostream>
#include <string_view>
#include <thread>

namespace evergrass::cli {
namespace {

constexpr int connected = 0;
constexpr int not_connected = 1;
constexpr int no_answer = 2;
constexpr std::chrono::seconds watch_interval{1};

std::string text_of(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

std::int64_t number_of(const json::object& object, std::string_view name) {
    return int_member(object, name).value_or(0);
}

std::string count_of(const json::object& object, std::string_view name) {
    return std::to_string(number_of(object, name));
}

std::string connection_line(const json::object& connection) {
    const bool up = bool_member(connection, "connected").value_or(false);
    auto line = text_of(connection, "clientId") + " at " + text_of(connection, "endpoint") + ": " +
                (up ? "connected" : "NOT connected") + " since " + text_of(connection, "since") +
                ", " + count_of(connection, "bytesIn") + " bytes in, " +
                count_of(connection, "bytesOut") + " out\n";
    const auto trouble = text_of(connection, "lastError");
    return trouble.empty() ? line : line + (up ? "  before that: " : "  for: ") + trouble + "\n";
}

std::string queue_lines(const json::object& queue) {
    const auto oldest = int_member(queue, "oldestSeconds");
    auto text = "Queue (" + text_of(queue, "storage") + "): " + count_of(queue, "messages") +
                " messages, " + count_of(queue, "bytes") + " of " + count_of(queue, "maxBytes") +
                " bytes" +
                (oldest ? ", the oldest came " + std::to_string(*oldest) + " s ago" : "") + "; " +
                count_of(queue, "inFlight") + " of " + count_of(queue, "window") + " in flight\n";
    text += "Since the core's start: " + count_of(queue, "delivered") + " delivered, " +
            count_of(queue, "overwritten") + " overwritten, " + count_of(queue, "damaged") +
            " lost by the disk\n";
    if (const auto ever = number_of(queue, "overwrittenEver");
        ever > number_of(queue, "overwritten")) {
        text += "Since the queue's files were made: " + std::to_string(ever) + " overwritten\n";
    }
    if (const auto why = string_member(queue, "diskError")) {
        text += "The disk does not take messages, " + count_of(queue, "unsaved") +
                " are in memory alone: " + *why + "\n";
    }
    if (bool_member(queue, "unknownLoss").value_or(false)) {
        text +=
            "The run before was killed with its queue in memory: how much it lost is not known\n";
    }
    return text;
}

}  // namespace

std::string link_text(const json::object& link) {
    std::string text;
    if (const auto* connections = array_member(link, "connections")) {
        for (const auto& each : *connections) {
            if (const auto* connection = each.if_object()) {
                text += connection_line(*connection);
            }
        }
    }
    const auto* queue = object_member(link, "queue");
    return queue != nullptr ? text + queue_lines(*queue) : text;
}

int run_link(const link_options& options) {
    const auto socket = options.socket.value_or(socket_of_root(options.root));
    for (;;) {
        const auto link = ask_core(socket, "/link");
        if (!link) {
            std::cerr << "evergrass link: " << failure_text(link.error()) << "\n";
            return no_answer;
        }
        std::cout << (options.json ? json::serialize(*link) + "\n" : link_text(*link))
                  << std::flush;
        if (!options.watch) {
            return bool_member(*link, "connected").value_or(false) ? connected : not_connected;
        }
        if (!options.json) {
            std::cout << "\n";
        }
        if (!std::cout) {
            return connected;  // whoever read it has gone
        }
        std::this_thread::sleep_for(watch_interval);
    }
}

}  // namespace evergrass::cli

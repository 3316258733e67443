#include "apps/evergrass/status.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"

#include <iostream>

namespace evergrass::cli {
namespace {

constexpr std::size_t most_drops = 10;

std::string text_of(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

std::string number_of(const json::object& object, std::string_view name) {
    return std::to_string(int_member(object, name).value_or(0));
}

template <class F>
void each(const json::object& object, std::string_view name, F use) {
    if (const auto* list = array_member(object, name)) {
        for (const auto& element : *list) {
            if (const auto* member = element.if_object()) {
                use(*member);
            }
        }
    }
}

std::string drop_lines(const json::object& status) {
    std::string text;
    std::size_t shown = 0;
    each(status, "lastDrops", [&](const json::object& d) {
        const auto* drop = object_member(d, "drop");
        if (drop == nullptr || ++shown > most_drops) {
            return;
        }
        const auto target = text_of(d, "target");
        text += "  " + text_of(d, "last") + "  " + text_of(d, "source") + " --[" +
                text_of(d, "topic") + "]--> " + (target.empty() ? "nobody" : target) + "  " +
                text_of(*drop, "name") + " x" + number_of(d, "count") + "\n";
    });
    return text.empty() ? text : "Lost lately (evergrass why says more):\n" + text;
}

std::string tls_line(const json::object& status) {
    const auto* tls = object_member(status, "localTls");
    if (tls == nullptr) {
        return "Local TLS: no certificate, so no device can connect.\n";
    }
    const auto until = string_member(*tls, "coreSignsUntil");
    return "Local TLS: certificate until " + text_of(*tls, "certificateEnds") + ", renewed by " +
           (until ? "the core itself until " + *until : "the service while the link is up") + "\n";
}

}  // namespace

std::string status_text(const json::object& status) {
    const auto deployment = text_of(status, "deploymentId");
    auto text = "Core " + text_of(status, "thing") + ", version " + text_of(status, "version") +
                ", PID " + number_of(status, "pid") + "\n";
    text += deployment.empty()
                ? "Nothing is deployed.\n"
                : "Deployment " + deployment + " of group " + text_of(status, "group") + ", " +
                      number_of(status, "subscriptions") + " subscriptions\n";
    text += tls_line(status);
    if (const auto* cloud = object_member(status, "cloud")) {
        const bool up = bool_member(*cloud, "connected").value_or(false);
        text += std::string("Cloud: ") + (up ? "connected" : "not connected") + ", " +
                number_of(*cloud, "queuedMessages") + " messages wait\n";
    }
    if (const auto* shadows = object_member(status, "shadows");
        shadows != nullptr && int_member(*shadows, "synced").value_or(0) != 0) {
        text += "Shadows synced with the cloud: " + number_of(*shadows, "synced") +
                ", the same on both sides: " + number_of(*shadows, "settled") +
                ", stuck: " + number_of(*shadows, "stuck") + "\n";
    }
    each(status, "devices", [&](const json::object& d) {
        const bool up = bool_member(d, "connected").value_or(false);
        text +=
            "  thing:" + text_of(d, "thing") + "  " + (up ? "connected" : "not connected") + "\n";
    });
    each(status, "functions", [&](const json::object& f) {
        text += "  " + text_of(f, "arn") + "  " + text_of(f, "state") + ", " +
                number_of(f, "invocations") + " invocations, " + number_of(f, "errors") +
                " errors, " + number_of(f, "queued") + " wait\n";
    });
    text += number_of(status, "delivered") + " messages delivered";
    if (int_member(status, "subscriptionsQuiet").value_or(0) != 0) {
        text += "; subscriptions without any: " + number_of(status, "subscriptionsQuiet") +
                " (--subscriptions lists all)";
    }
    return text + "\n" + drop_lines(status);
}

std::string subscriptions_text(const json::object& answer) {
    std::string text;
    each(answer, "subscriptions", [&](const json::object& s) {
        text += number_of(s, "messages") + "\t'" + text_of(s, "subscription") + "'  " +
                text_of(s, "source") + " --[" + text_of(s, "subject") + "]--> " +
                text_of(s, "target") + "\n";
    });
    return text.empty()
               ? "There are no subscriptions.\n"
               : "Messages that each subscription has carried since the core started:\n" + text;
}

int run_status(const status_options& options) {
    const auto socket = options.socket.value_or(socket_of_root(options.root));
    const auto status = ask_core(socket, options.subscriptions ? "/subscriptions" : "/status");
    if (!status) {
        std::cerr << "evergrass status: " << failure_text(status.error()) << "\n";
        return 2;
    }
    std::cout << (options.json            ? json::serialize(*status) + "\n"
                  : options.subscriptions ? subscriptions_text(*status)
                                          : status_text(*status));
    return 0;
}

}  // namespace evergrass::cli

#include "apps/evergrass/service_info.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <charconv>

namespace evergrass::cli {
namespace {

error malformed(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

result<std::uint16_t> parse_port(std::string_view digits, std::string_view whole) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size() || value == 0 ||
        value > 65535) {
        return malformed("'" + std::string(whole) + "' has no port from 1 to 65535");
    }
    return static_cast<std::uint16_t>(value);
}

// Texts that must be there and not be empty.
result<json::object> parse_with_texts(std::string_view text,
                                      std::initializer_list<const char*> names) {
    auto value = parse_json(text);
    if (!value) {
        return value.error();
    }
    if (!value->is_object()) {
        return malformed("it must be a JSON object");
    }
    for (const char* name : names) {
        if (string_member(value->get_object(), name).value_or("").empty()) {
            return malformed(std::string(name) + " must be a text");
        }
    }
    return std::move(value->get_object());
}

std::string text_of(const json::object& members, std::string_view name) {
    return string_member(members, name).value_or("");
}

pid_t pid_of(const json::object& members) {
    return static_cast<pid_t>(int_member(members, "pid").value_or(0));
}

}  // namespace

result<host_port> parse_host_port(std::string_view text) {
    const std::string_view whole = text;
    std::string_view port;
    if (text.starts_with("https://")) {
        text.remove_prefix(8);
        port = "443";
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
        port = "80";
    }
    text = text.substr(0, text.find('/'));
    const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        port = text.substr(colon + 1);
        text = text.substr(0, colon);
    }
    if (bracket != std::string_view::npos) {
        text = text.substr(1, bracket - 1);
    }
    auto number = parse_port(port, whole);
    if (!number) {
        return number.error();
    }
    if (text.empty()) {
        return malformed("'" + std::string(whole) + "' has no host");
    }
    return host_port{std::string(text), *number};
}

result<service_info> parse_service_info(std::string_view text) {
    auto members = parse_with_texts(
        text, {"api", "api_http", "iot_mqtt", "iot_https", "discovery", "ca_file"});
    if (!members) {
        return members.error();
    }
    return service_info{.api = text_of(*members, "api"),
                        .api_http = text_of(*members, "api_http"),
                        .iot_mqtt = text_of(*members, "iot_mqtt"),
                        .iot_https = text_of(*members, "iot_https"),
                        .discovery = text_of(*members, "discovery"),
                        .ca_file = text_of(*members, "ca_file"),
                        .pid = pid_of(*members)};
}

result<core_info> parse_core_info(std::string_view text) {
    auto members = parse_with_texts(text, {"mqtt", "ipc"});
    if (!members) {
        return members.error();
    }
    return core_info{.mqtt = text_of(*members, "mqtt"),
                     .ipc = text_of(*members, "ipc"),
                     .pid = pid_of(*members)};
}

}  // namespace evergrass::cli

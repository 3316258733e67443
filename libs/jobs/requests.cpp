#include "libs/jobs/requests.hpp"

#include "libs/jobs/errors.hpp"
#include "libs/shadow/topics.hpp"

#include <algorithm>
#include <charconv>

namespace evergrass::jobs {
namespace {

constexpr std::size_t max_token_bytes = 64;
constexpr std::size_t max_details = 10;
constexpr std::size_t max_detail_bytes = 1024;
constexpr std::int64_t longest_step_minutes = 7 * 24 * 60;

error invalid(std::string why) {
    return {errc::invalid_request, std::move(why)};
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// nullopt: it isn't there.
result<std::optional<std::int64_t>> read_number(const json::object& body, std::string_view name) {
    const auto* const value = body.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return std::optional<std::int64_t>();
    }
    if (value->is_int64()) {
        return std::optional(value->get_int64());
    }
    if (value->is_string()) {
        const std::string_view text(value->get_string());
        std::int64_t number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failed == std::errc() && end == text.data() + text.size()) {
            return std::optional(number);
        }
    }
    return invalid(std::string(name) + " must be an integer");
}

result<bool> read_flag(const json::object& body, std::string_view name, bool when_missing) {
    const auto* const value = body.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return when_missing;
    }
    if (!value->is_bool()) {
        return invalid(std::string(name) + " must be true or false");
    }
    return value->get_bool();
}

result<std::optional<json::object>> read_details(const json::object& body) {
    const auto* const value = body.if_contains("statusDetails");
    if (value == nullptr || value->is_null()) {
        return std::optional<json::object>();
    }
    if (!value->is_object()) {
        return invalid("statusDetails must be an object of texts");
    }
    if (auto checked = check_details(value->get_object()); !checked) {
        return checked.error();
    }
    return std::optional(value->get_object());
}

result<std::optional<std::int64_t>> read_step_timeout(const json::object& body) {
    auto minutes = read_number(body, "stepTimeoutInMinutes");
    if (minutes && *minutes && **minutes != -1 &&
        (**minutes < 1 || **minutes > longest_step_minutes)) {
        return invalid("stepTimeoutInMinutes must be 1 to 10080, or -1 to stop the timer");
    }
    return minutes;
}

result<status> read_wanted(const json::object& body) {
    const auto text = string_member(body, "status");
    const auto wanted = text ? parse_status(*text) : std::nullopt;
    if (!wanted || *wanted == status::queued || *wanted == status::timed_out ||
        *wanted == status::removed || *wanted == status::canceled) {
        return invalid("status must be IN_PROGRESS, SUCCEEDED, FAILED or REJECTED");
    }
    return *wanted;
}

}  // namespace

result<json::object> parse_body(std::string_view payload, client_token& token) {
    if (payload.empty()) {
        return json::object();
    }
    if (payload.size() > max_request_bytes) {
        return invalid("The payload is over 64 KB");
    }
    auto parsed = parse_json(payload, 8);
    if (!parsed || !parsed->is_object()) {
        return error{errc::invalid_json, "The payload is not a JSON object"};
    }
    auto& body = parsed->get_object();
    if (const auto* const said = body.if_contains("clientToken")) {
        const auto* const text = said->if_string();
        if (text == nullptr || text->size() > max_token_bytes) {
            return invalid("clientToken must be a text of at most 64 bytes");
        }
        token = std::string(*text);
    }
    return std::move(body);
}

result<void> check_details(const json::object& details) {
    if (details.size() > max_details) {
        return invalid("statusDetails has more than 10 members");
    }
    for (const auto& [name, value] : details) {
        if (!shadow::is_thing_name(name)) {
            return invalid(
                "A name in statusDetails must be 1 to 128 of a-z, A-Z, 0-9, ':', '_' and '-'");
        }
        const auto* const text = value.if_string();
        if (text == nullptr || text->empty() || text->size() > max_detail_bytes ||
            has_control_character(*text)) {
            return invalid("statusDetails." + std::string(name) +
                           " must be a text of 1 to 1024 bytes without control characters");
        }
    }
    return {};
}

result<update_request> read_update(const json::object& body) {
    update_request read;
    const auto wanted = read_wanted(body);
    if (!wanted) {
        return wanted.error();
    }
    read.wanted = *wanted;
    auto details = read_details(body);
    if (!details) {
        return details.error();
    }
    read.details = std::move(*details);
    struct numbered {
        std::string_view name;
        std::optional<std::int64_t>* into;
    };
    for (const auto& [name, into] : {numbered{"expectedVersion", &read.expected_version},
                                     numbered{"executionNumber", &read.number}}) {
        const auto number = read_number(body, name);
        if (!number) {
            return number.error();
        }
        *into = *number;
    }
    const auto minutes = read_step_timeout(body);
    if (!minutes) {
        return minutes.error();
    }
    read.step_timeout_minutes = *minutes;
    const auto state = read_flag(body, "includeJobExecutionState", false);
    const auto document = read_flag(body, "includeJobDocument", false);
    if (!state || !document) {
        return state ? document.error() : state.error();
    }
    read.include_state = *state;
    read.include_document = *document;
    return read;
}

result<start_request> read_start(const json::object& body) {
    auto details = read_details(body);
    if (!details) {
        return details.error();
    }
    const auto minutes = read_step_timeout(body);
    if (!minutes) {
        return minutes.error();
    }
    return start_request{std::move(*details), *minutes};
}

result<describe_request> read_describe(const json::object& body) {
    const auto number = read_number(body, "executionNumber");
    if (!number) {
        return number.error();
    }
    const auto document = read_flag(body, "includeJobDocument", true);
    if (!document) {
        return document.error();
    }
    return describe_request{*number, *document};
}

}  // namespace evergrass::jobs

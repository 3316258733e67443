#include "cloud/greengrass/records.hpp"

#include <charconv>
#include <limits>
#include <utility>

namespace evergrass::cloud::greengrass {

std::int64_t now_milliseconds(const greengrass_services& in) {
    return to_epoch_milliseconds(in.time.now());
}

std::string as_timestamp(std::int64_t milliseconds) {
    return format_iso8601(wall_time(std::chrono::milliseconds(milliseconds)));
}

std::string required_text(const call& from, std::string_view member) {
    return string_member(from.input, member).value_or("");
}

api_error id_not_found(std::string message) {
    return {404, "IdNotFoundException", std::move(message), {}};
}

api_error resource_not_found(std::string message) {
    return {404, "ResourceNotFoundException", std::move(message), {}};
}

api_error invalid_input(std::string message) {
    return {400, "InvalidInputException", std::move(message), {}};
}

api_error invalid_container(std::string message) {
    return {400, "InvalidContainerDefinitionException", std::move(message), {}};
}

api_error bare(int status, std::string message) {
    return {status, "", std::move(message), {}};
}

api_error invalid_definition(std::string_view what, const std::vector<std::string>& faults) {
    std::string details;
    for (const auto& fault : faults) {
        details += (details.empty() ? "" : ", ") + fault;
    }
    return bare(400, std::string(what) + " (ErrorDetails: [" + details + "])");
}

std::optional<std::int64_t> number_before(const std::string& page_key) {
    std::int64_t number = std::numeric_limits<std::int64_t>::max();
    if (page_key.empty()) {
        return number;
    }
    const auto* end = page_key.data() + page_key.size();
    const auto [stop, code] = std::from_chars(page_key.data(), end, number);
    return code == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

api_error bad_token() {
    return {400, "BadRequestException", "NextToken is not a token that this list returned.", {}};
}

db::value text_or_null(const std::optional<std::string>& text) {
    return text ? db::value(*text) : db::value();
}

std::optional<std::string> text_or_nothing(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

json::object stored_object(std::string_view text) {
    auto parsed = parse_json(text, 64);
    return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

}  // namespace evergrass::cloud::greengrass

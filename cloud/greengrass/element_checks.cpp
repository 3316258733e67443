#include "cloud/greengrass/element_checks.hpp"

#include "cloud/greengrass/records.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t longest_id = 128;

std::optional<api_error> verdict(std::string_view what, const std::vector<std::string>& faults) {
    if (faults.empty()) {
        return std::nullopt;
    }
    return invalid_definition(what, faults);
}

bool is_id_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
           c == '_' || c == '-';
}

void check_choice(const json::object& element, std::string_view member,
                  std::span<const std::string_view> choices, std::vector<std::string>& faults) {
    const auto value = string_member(element, member);
    if (value && std::ranges::find(choices, *value) == choices.end()) {
        faults.push_back(std::string(member) + " '" + *value + "' of ID '" +
                         string_member(element, "Id").value_or("") + "' is invalid");
    }
}

// …/versions/1
bool is_numbered(std::string_view connector) {
    constexpr std::string_view part = "/versions/";
    const auto at = connector.rfind(part);
    const auto number =
        connector.substr(std::min(at, connector.size() - part.size()) + part.size());
    return at != std::string_view::npos && !number.empty() &&
           number.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool is_connector(std::string_view arn) {
    const auto parsed = parse_arn(arn);
    return parsed && parsed->service == "greengrass" &&
           parsed->resource.starts_with("/connectors/");
}

bool is_element_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_id && std::ranges::all_of(text, is_id_character);
}

std::vector<const json::object*> elements_of(const json::object& content, std::string_view list) {
    std::vector<const json::object*> elements;
    if (const auto* all = array_member(content, list)) {
        for (const auto& each : *all) {
            if (const auto* element = each.if_object()) {
                elements.push_back(element);
            }
        }
    }
    return elements;
}

std::vector<std::string> id_faults(const std::vector<const json::object*>& elements) {
    std::vector<std::string> faults;
    std::set<std::string> seen;
    for (const auto* element : elements) {
        const auto id = string_member(*element, "Id").value_or("");
        if (!is_element_id(id)) {
            faults.push_back("ID '" + id + "' is invalid: it has 1 to 128 of a-z A-Z 0-9 : _ -");
        } else if (!seen.insert(id).second) {
            faults.push_back("ID '" + id + "' is not unique");
        }
    }
    return faults;
}

std::optional<api_error> check_cores(const json::object& content) {
    return verdict("The cores definition is invalid.", id_faults(elements_of(content, "Cores")));
}

std::optional<api_error> check_devices(const json::object& content) {
    return verdict("The devices definition is invalid.",
                   id_faults(elements_of(content, "Devices")));
}

std::optional<api_error> check_connectors(const json::object& content) {
    const auto elements = elements_of(content, "Connectors");
    auto faults = id_faults(elements);
    for (const auto* connector : elements) {
        const auto named = string_member(*connector, "ConnectorArn").value_or("");
        if (!is_connector(named) || !is_numbered(named)) {
            faults.push_back(
                "ConnectorArn '" + named + "' of ID '" +
                string_member(*connector, "Id").value_or("") +
                "' is not arn:aws:greengrass:REGION::/connectors/NAME/versions/NUMBER");
        }
    }
    return verdict("The connectors definition is invalid.", faults);
}

std::optional<api_error> check_loggers(const json::object& content) {
    static constexpr std::array<std::string_view, 2> components = {"GreengrassSystem", "Lambda"};
    static constexpr std::array<std::string_view, 5> levels = {"DEBUG", "INFO", "WARN", "ERROR",
                                                               "FATAL"};
    static constexpr std::array<std::string_view, 2> types = {"FileSystem", "AWSCloudWatch"};
    const auto elements = elements_of(content, "Loggers");
    auto faults = id_faults(elements);
    for (const auto* logger : elements) {
        check_choice(*logger, "Component", components, faults);
        check_choice(*logger, "Level", levels, faults);
        check_choice(*logger, "Type", types, faults);
        if (int_member(*logger, "Space").value_or(1) < 1) {
            faults.push_back("Space of ID '" + string_member(*logger, "Id").value_or("") +
                             "' must be 1 KB or more");
        }
    }
    return verdict("The loggers definition is invalid.", faults);
}

}  // namespace evergrass::cloud::greengrass

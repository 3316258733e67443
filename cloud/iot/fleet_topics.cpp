#include "cloud/iot/fleet_topics.hpp"

#include <algorithm>

namespace evergrass::cloud::iot {
namespace {

constexpr std::size_t longest_template_name = 36;

bool is_template_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= longest_template_name &&
           std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace

std::optional<fleet_request> parse_fleet_topic(std::string_view topic) {
    constexpr std::string_view prefix = "$aws/provisioning-templates/";
    constexpr std::string_view ending = "/provision";
    fleet_request asked;
    if (topic.ends_with("/cbor")) {
        asked.format = payload_format::cbor;
    } else if (!topic.ends_with("/json")) {
        return std::nullopt;
    }
    topic.remove_suffix(std::string_view("/json").size());
    if (topic == "$aws/certificates/create") {
        return asked;
    }
    if (topic == "$aws/certificates/create-from-csr") {
        asked.what = fleet_operation::create_from_csr;
        return asked;
    }
    if (!topic.starts_with(prefix) || !topic.ends_with(ending) ||
        topic.size() < prefix.size() + ending.size()) {
        return std::nullopt;
    }
    const auto name = topic.substr(prefix.size(), topic.size() - prefix.size() - ending.size());
    if (!is_template_name(name)) {
        return std::nullopt;
    }
    asked.what = fleet_operation::provision;
    asked.template_name = name;
    return asked;
}

}  // namespace evergrass::cloud::iot

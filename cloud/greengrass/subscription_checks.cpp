#include "cloud/greengrass/element_checks.hpp"
#include "cloud/greengrass/records.hpp"
#include "libs/base/arn.hpp"

#include <algorithm>

namespace evergrass::cloud::greengrass {
namespace {

bool is_qualified_function(std::string_view text) {
    const auto function = parse_function_arn(text);
    return function && (!function->qualifier.empty() || function->account.empty());
}

bool is_endpoint(std::string_view text) {
    return text == "cloud" || text == "GGShadowService" || thing_name_of(text) ||
           is_qualified_function(text) || is_connector(text);
}

// V1 takes one '+' and one '#', which ends the subject (spec/cloud.md §1.3).
bool is_subject(std::string_view text) {
    if (text.empty() || std::ranges::count(text, '+') > 1) {
        return false;
    }
    const auto hash = text.find('#');
    return hash == std::string_view::npos || hash + 1 == text.size();
}

std::string fault(std::string_view part, std::string_view member, std::string_view id,
                  std::string_view value) {
    std::string text = "Subscription ";
    text.append(part).append(" is invalid. ID is '").append(id).append("' and ");
    return text.append(member).append(" is '").append(value).append("'");
}

}  // namespace

std::optional<api_error> check_subscriptions(const json::object& content) {
    const auto elements = elements_of(content, "Subscriptions");
    auto faults = id_faults(elements);
    for (const auto* subscription : elements) {
        const auto id = string_member(*subscription, "Id").value_or("");
        const auto source = string_member(*subscription, "Source").value_or("");
        const auto target = string_member(*subscription, "Target").value_or("");
        const auto subject = string_member(*subscription, "Subject").value_or("");
        if (!is_endpoint(source)) {
            faults.push_back(fault("source", "Source", id, source));
        }
        if (!is_endpoint(target)) {
            faults.push_back(fault("target", "Target", id, target));
        }
        if (!is_subject(subject)) {
            faults.push_back(fault("subject", "Subject", id, subject));
        }
    }
    if (faults.empty()) {
        return std::nullopt;
    }
    return invalid_definition("The subscriptions definition is invalid or corrupted.", faults);
}

}  // namespace evergrass::cloud::greengrass

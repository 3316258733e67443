#include "cloud/iot/thing_attributes.hpp"

namespace evergrass::cloud::iot {

answer<json::object> apply_attributes(const json::object& before, const json::object& input) {
    const auto* payload = object_member(input, "attributePayload");
    if (payload == nullptr) {
        return before;
    }
    const auto* changes = object_member(*payload, "attributes");
    const bool merge = bool_member(*payload, "merge").value_or(false);
    if (changes == nullptr) {
        return before;
    }
    json::object after = merge ? before : json::object();
    for (const auto& [name, value] : *changes) {
        if (value.is_string() && value.get_string().empty()) {
            after.erase(name);
        } else {
            after[name] = value;
        }
    }
    constexpr std::size_t most = 50;
    if (after.size() > most) {
        return api_error{
            400, "InvalidRequestException", "A thing can have at most 50 attributes.", {}};
    }
    return after;
}

}  // namespace evergrass::cloud::iot

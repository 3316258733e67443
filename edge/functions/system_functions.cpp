#include "edge/functions/system_functions.hpp"

#include "libs/base/json.hpp"

#include <array>

namespace evergrass::edge::functions {

namespace {

constexpr int not_available = 503;

// This core has neither service: both tell it in the form that their clients raise as an error.
std::string shadow_answer() {
    json::object body;
    body["code"] = not_available;
    body["message"] = "The local shadow service is not available on this core.";
    return json::serialize(body);
}

std::string secrets_answer() {
    json::object body;
    body["Status"] = not_available;
    body["Message"] = "The local secrets service is not available on this core.";
    return json::serialize(body);
}

struct service {
    std::string_view name;
    std::string (*answer)();
};
constexpr std::array services = {
    service{"GGShadowService", shadow_answer},
    service{"GGSecretManager", secrets_answer},
};

}  // namespace

std::optional<std::string> answer_system_function(std::string_view name) {
    for (const auto& s : services) {
        if (s.name == name) {
            return s.answer();
        }
    }
    return std::nullopt;
}

}  // namespace evergrass::edge::functions

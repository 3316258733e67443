#include "edge/functions/system_functions.hpp"

#include "edge/secrets/secret_service.hpp"
#include "libs/base/json.hpp"

#include <array>

namespace evergrass::edge::functions {

namespace {

constexpr int not_available = 503;

// What this core lacks is told in the form that the service's clients raise as an error.
std::string shadow_answer(const system_call&) {
    json::object body;
    body["code"] = not_available;
    body["message"] = "The local shadow service is not available on this core.";
    return json::serialize(body);
}

std::string secrets_answer(const system_call& call) {
    if (call.secrets != nullptr) {
        return call.secrets->answer(call.caller, call.body);
    }
    json::object body;
    body["Status"] = not_available;
    body["Message"] = "The local secrets service is not available on this core.";
    return json::serialize(body);
}

struct service {
    std::string_view name;
    std::string (*answer)(const system_call&);
};
constexpr std::array services = {
    service{shadow_service_name, shadow_answer},
    service{"GGSecretManager", secrets_answer},
};

}  // namespace

std::optional<std::string> answer_system_function(std::string_view name, const system_call& call) {
    for (const auto& s : services) {
        if (s.name == name) {
            return s.answer(call);
        }
    }
    return std::nullopt;
}

}  // namespace evergrass::edge::functions

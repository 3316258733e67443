#include "cloud/gateway/transaction.hpp"

#include <array>

namespace evergrass::cloud {

void note_created(store& state, const json::object& output) {
    // Ids that the service gives; a name that the caller gave is in the request.
    constexpr std::array<std::string_view, 7> names = {
        "Id",          "Version",         "DeploymentId", "BulkDeploymentId", "certificateId",
        "AccessKeyId", "policyVersionId",
    };
    for (const auto name : names) {
        const auto* const value = output.if_contains(name);
        const auto* const text = value != nullptr ? value->if_string() : nullptr;
        if (text != nullptr && !text->empty() && text->size() <= 128) {
            state.audit().add_to_target(std::string(name) + "=" + std::string(*text));
        }
    }
}

}  // namespace evergrass::cloud

#include "cloud/gateway/small_reads.hpp"

#include <algorithm>

namespace evergrass::cloud {
namespace {

// Sorted. Not the content of definitions' versions: it may be as long as a request.
constexpr std::string_view of_greengrass[] = {
    "GetConnectorDefinition",
    "GetCoreDefinition",
    "GetDeviceDefinition",
    "GetFunctionDefinition",
    "GetGroup",
    "GetGroupVersion",
    "GetLoggerDefinition",
    "GetResourceDefinition",
    "GetSubscriptionDefinition",
    "ListConnectorDefinitionVersions",
    "ListConnectorDefinitions",
    "ListCoreDefinitionVersions",
    "ListCoreDefinitions",
    "ListDeployments",
    "ListDeviceDefinitionVersions",
    "ListDeviceDefinitions",
    "ListFunctionDefinitionVersions",
    "ListFunctionDefinitions",
    "ListGroupVersions",
    "ListGroups",
    "ListLoggerDefinitionVersions",
    "ListLoggerDefinitions",
    "ListResourceDefinitionVersions",
    "ListResourceDefinitions",
    "ListSubscriptionDefinitionVersions",
    "ListSubscriptionDefinitions",
};
static_assert(std::ranges::is_sorted(of_greengrass));

}  // namespace

bool is_small_read(std::string_view service, std::string_view operation) {
    return service == "greengrass" && std::ranges::binary_search(of_greengrass, operation);
}

}  // namespace evergrass::cloud

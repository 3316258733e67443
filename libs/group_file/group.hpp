#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/group_file/fields.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The group file (docs/formats/group-file.md): a whole Greengrass group as one text, by names.
// Pure.
//
// A group is a JSON object in the file's words, with what is left out where it equals its fallback:
// {"group", "role", "tags", "certificateExpiryMs", "core", "devices", "defaults", "functions",
// "connectors", "resources", "subscriptions", "loggers"}; the parts' members: fields.hpp.
namespace evergrass::group_file {

inline constexpr std::string_view format_name = "evergrass-group-1";

// One kind of definition of the Greengrass API.
struct family {
    std::string_view section;    // "devices", in the file; "core" is one object, not a list
    std::string_view path;       // "devices": /greengrass/definition/devices
    std::string_view members;    // "Devices", in a definition's version
    std::string_view reference;  // "DeviceDefinitionVersionArn", in the group's version
    std::span<const field> (*fields)();
};
std::span<const family> families();
// What a file has besides the families and "defaults".
std::span<const field> group_fields();

// Who a group belongs to: what an ARN says besides its name.
struct owner {
    std::string partition = "aws";
    std::string region;
    std::string account;

    std::string thing_arn(std::string_view name) const;
    std::string certificate_arn(std::string_view id) const;
    std::string function_arn(std::string_view name, std::string_view qualifier) const;
    std::string role_arn(std::string_view name_or_arn) const;
};

// Reads the file's text. Faults begin with "line:column: " and name the field: unknown and missing
// ones, wrong kinds, two parts of one name, a subscription or a permission for what isn't there.
result<json::object> read_group(std::string_view text);
result<json::object> read_group(const node& document);

// The file's text. read_group() gives the same group back.
std::string to_text(const json::object& group);

// What the name of a part is: "pump" of a device, "s-1f…" of a subscription without an id.
std::string key_of(std::string_view section, const json::object& part);
// The id of a subscription that has none, told by its three ends.
std::string subscription_id(const json::object& subscription);
// The parts of a section, "core" too.
std::vector<const json::object*> parts_of(const json::object& group, std::string_view section);

// From the API's objects: {"Name", "RoleArn", "Tags", "CertificateExpiryInMilliseconds", "Cores",
// "Devices", "Functions", "DefaultConfig", "Connectors", "Resources", "Subscriptions", "Loggers"},
// any of which may be missing. Names take the place of ARNs of this owner. `notes` gets what could
// not be kept, a sentence each.
json::object from_api(const json::object& api, const owner& whose,
                      std::vector<std::string>* notes = nullptr);

// What names stand for at one service.
struct bindings {
    owner whose;
    std::map<std::string, std::string> functions;  // id of the part: the version's or alias's ARN
    std::map<std::string, std::string> certificates;  // thing: 64 hex digits
    // id of the resource: the ARN of the secret that it names, the object of the model's path
    std::map<std::string, std::string> secrets = {};
    std::map<std::string, std::string> models = {};
};
// The other way: a version of each family that has parts, by its section: {"devices": {"Devices":
// [...]}}. REQUIRES: bindings for each function without "arn" and each thing without "certificate".
// A secret by its name and a model by its path are without ARN and S3Uri where there is no binding.
json::object to_api(const json::object& group, const bindings& bound);

// "function:average" for the API: the ARN it stands for.
std::string endpoint_to_api(const json::object& group, const bindings& bound,
                            std::string_view endpoint);

}  // namespace evergrass::group_file

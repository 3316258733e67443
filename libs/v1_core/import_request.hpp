#pragma once

#include "libs/base/secret_text.hpp"
#include "libs/v1_core/old_core.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

// What an old core becomes at a service: docs/formats/adoption.md. Pure; the same core gives the
// same request, so that asking twice changes nothing.
namespace evergrass::v1 {

struct import_choices {
    std::string group_name;                        // empty: the core thing's name without "_Core"
    std::string account;                           // of a core that tells none; else empty
    std::map<std::string, secret_text> secrets{};  // ARN or name: value
    std::map<std::string, std::string> device_certificates{};  // thing: PEM
    std::map<std::string, std::pair<std::string, std::string>>
        functions{};  // name: runtime, handler
    // Id or name of a model's resource: its folder, or its archive (.tar.gz, .zip).
    std::map<std::string, std::filesystem::path> models{};
};

// A package to send before the request.
struct package_source {
    std::string function_arn;
    std::filesystem::path folder;
};

// An object to put at the service, unless it has one there: a model, as its resource names it.
struct model_source {
    std::string resource_id;
    std::filesystem::path source;  // a folder, or an archive as it is
    std::string bucket;
    std::string key;  // ends with .tar.gz or .zip: what a folder is packed as
};

struct import_plan {
    json::object request;  // without packages (`set_package` adds them) and values of secrets
    std::map<std::string, secret_text> secret_values;  // by ARN
    std::vector<package_source> packages;
    std::vector<model_source> models;
    std::vector<std::string> missing_secrets;  // ARNs without a value
    std::vector<std::string> unknown;          // sentences: what can't be known
    findings found;                            // what was made up
    std::string group_id;
    std::string group_name;
    std::string group_version;
};

// The request as it is sent: JSON with the values of secrets.
secret_text request_text(const import_plan& plan);

// errc::invalid_input: neither group nor configuration tells which core it was.
result<import_plan> plan_import(const old_core& core, const import_choices& choices);

// The function's code is the package with this hash (64 hex digits).
void set_package(import_plan& plan, const std::string& function_arn, const std::string& sha256);

// A UUID that depends on `name` alone.
std::string name_uuid(std::string_view name);

}  // namespace evergrass::v1

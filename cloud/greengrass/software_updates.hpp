#pragma once

#include "cloud/greengrass/services.hpp"
#include "cloud/jobs/operations.hpp"

#include <string>
#include <string_view>

namespace evergrass::cloud {

// What CreateSoftwareUpdateJob needs besides; it all outlives the operation table.
struct software_updates {
    greengrass_services& services;
    job_parts jobs;
    // The object that lists the packages (docs/jobs.md): a URI as parse_s3_uri() has it.
    std::string list_uri;
};

// Puts CreateSoftwareUpdateJob in the place of its refusal.
void add_software_update_operation(operation_table& table, software_updates in);

namespace greengrass {

struct software_package {
    std::string version;
    std::string uri;  // of the object
};

// The package of `software` ("core", "ota_agent") for an operating system and an architecture, from
// the list: {"core": {"version": "…", "packages": {"ubuntu/x86_64": "s3://…"}}}. The error says
// what the list lacks.
result<software_package> find_package(std::string_view list, std::string_view software,
                                      std::string_view system, std::string_view machine);

// All that V1 checked of the call, before it is looked whether there are packages.
std::optional<api_error> check_software_update(const greengrass_services& in, const call& from);

api_result create_software_update_job(const software_updates& in, const call& from);

}  // namespace greengrass
}  // namespace evergrass::cloud

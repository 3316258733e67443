#include "cloud/greengrass/software_updates.hpp"

#include "cloud/objects/s3_uri.hpp"
#include "libs/base/errors.hpp"

#include <utility>

namespace evergrass::cloud {

void add_software_update_operation(operation_table& table, software_updates in) {
    table.add("greengrass", "CreateSoftwareUpdateJob", [kept = std::move(in)](const call& from) {
        return greengrass::create_software_update_job(kept, from);
    });
}

namespace greengrass {
namespace {

error lacks(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

}  // namespace

result<software_package> find_package(std::string_view list, std::string_view software,
                                      std::string_view system, std::string_view machine) {
    const auto parsed = parse_json(list);
    if (!parsed || !parsed->is_object()) {
        return lacks("it is not a JSON object");
    }
    const auto* const known = object_member(parsed->get_object(), software);
    if (known == nullptr) {
        return lacks("it has no member '" + std::string(software) + "'");
    }
    const auto version = string_member(*known, "version");
    const auto* const packages = object_member(*known, "packages");
    if (!version || version->empty() || packages == nullptr) {
        return lacks("'" + std::string(software) + "' needs a version and packages");
    }
    const auto platform = std::string(system) + "/" + std::string(machine);
    const auto uri = string_member(*packages, platform);
    if (!uri) {
        return lacks("'" + std::string(software) + ".packages' has no '" + platform + "'");
    }
    if (const auto named = objects::parse_s3_uri(*uri); !named) {
        return lacks("'" + std::string(software) + ".packages." + platform +
                     "': " + named.error().context);
    }
    return software_package{*version, *uri};
}

}  // namespace greengrass
}  // namespace evergrass::cloud

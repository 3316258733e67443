#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/greengrass/definitions.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::greengrass {

// What one version of a group is made of, in the API's spelling. The caller holds the store's lock.
class group_contents {
public:
    // A definition version that is gone meanwhile is a fault in `log`.
    static group_contents load(greengrass_services& in, const definition& group,
                               const definition_version& version, build_log& log);

    const definition& group() const { return group_; }
    const std::string& version() const { return version_; }
    // The elements of the family: of "devices" the devices. They live as long as this.
    std::vector<const json::object*> elements(std::string_view kind) const;
    // The Execution member of the functions' DefaultConfig; may be empty.
    json::object default_execution() const;

private:
    definition group_;
    std::string version_;
    std::map<std::string, json::object, std::less<>> content_by_kind_;
};

}  // namespace evergrass::cloud::greengrass

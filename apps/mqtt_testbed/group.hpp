#pragma once

#include "edge/devices/group_policy.hpp"
#include "edge/router/router.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"

#include <memory>
#include <string>

namespace evergrass::testbed {

// The devices and subscriptions of a file (group_file.hpp), as a core has them that runs nothing
// else: what is for functions or the cloud is dropped as no_such_target.
class group {
public:
    // Reads the file, once. `certificates`: group_policy_settings. The error names the file.
    static result<std::unique_ptr<group>> read(const std::string& path, bool certificates,
                                               const mqtt::server_options& limits,
                                               const logger& log);

    edge::group_policy& rules() { return rules_; }

private:
    group(bool certificates, const mqtt::server_options& limits, const logger& log);

    edge::router router_;
    edge::group_policy rules_;
};

}  // namespace evergrass::testbed

#pragma once

#include "cloud/logs/log_registry.hpp"
#include "cloud/upstream/client.hpp"

#include <string>
#include <vector>

namespace evergrass::cloud::greengrass {

// What a core told for one stream, the oldest event first.
struct told_log {
    std::string group;
    std::string stream;
    std::vector<logs::new_event> events;
};

// Puts the events into a CloudWatch Logs that is elsewhere, group and stream made where they are
// missing. Whoever tries again after an error may put some twice. The caller does not hold the
// store's lock. Errors: upstream::client's; errc::denied in the service's words.
result<void> ship_logs(const upstream::client& to, const told_log& told);

}  // namespace evergrass::cloud::greengrass

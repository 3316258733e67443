#pragma once

#include "edge/deployment/target.hpp"

#include <string>
#include <vector>

namespace evergrass::edge {

// Notes what a deployment asked for, in order: the deployment's id, or "clear".
struct noted_target : deployment_target {
    std::vector<std::string> applied;
    std::string fails_on;  // the id of a deployment whose part "pump" does not come up

    boost::asio::awaitable<std::vector<part_failure>> apply(
        const contract::manifest& wanted) override {
        applied.push_back(wanted.deployment_id);
        std::vector<part_failure> failures;
        if (wanted.deployment_id == fails_on) {
            failures.push_back({"pump", "import failed"});
        }
        co_return failures;
    }
    boost::asio::awaitable<void> clear() override {
        applied.push_back("clear");
        co_return;
    }
    bool serves_secrets_of(const contract::manifest&) const override { return serves_them; }
    bool serves_them = false;
};

}  // namespace evergrass::edge

#pragma once

#include "contract/manifest.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace evergrass::edge {

// A part of a deployment that could not be brought up.
struct part_failure {
    std::string part;    // a function's version ARN, "subscriptions", "local MQTT server" …
    std::string reason;  // what happened and what to do
};

// What a deployment changes in the running core. Implemented by the program; called on its
// executor.
class deployment_target {
public:
    virtual ~deployment_target() = default;

    // Changes over to this manifest; code is in place. Returns when every pinned function is up or
    // has failed; empty means that all is well. Applying the same manifest again changes nothing.
    virtual boost::asio::awaitable<std::vector<part_failure>> apply(
        const contract::manifest& wanted) = 0;

    // Whether the secrets that this manifest brings, whose files are in place, are those that are
    // served now, sealed another time. False where that is not known.
    virtual bool serves_secrets_of(const contract::manifest& m) const {
        (void)m;
        return false;
    }

    // Stops functions, routes nothing and admits no device.
    virtual boost::asio::awaitable<void> clear() = 0;
};

}  // namespace evergrass::edge

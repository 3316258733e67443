#pragma once

#include "cloud/lambda/core_invocations.hpp"
#include "libs/base/log.hpp"
#include "libs/http/server.hpp"

namespace evergrass::cloud::lambda {

// `apis`, but an Invoke that lambda::invoke() has sent to a core is answered when the core has
// answered it, without a thread that waits. `in` outlives the handler.
http::handler with_invocations(core_invocations& in, http::handler apis, logger log);

}  // namespace evergrass::cloud::lambda

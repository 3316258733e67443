#pragma once

#include "edge/deployment/invocation_order.hpp"
#include "edge/functions/function_manager.hpp"

#include <boost/asio/awaitable.hpp>

namespace evergrass::edge {

// A function of the deployed group, as far as an order needs to know it.
struct deployed_function {
    std::string arn;  // of the version
    bool binary = false;
};

// Those of the group that somebody may invoke: not the core's own.
std::vector<deployed_function> invocable(const std::vector<contract::function>& functions);

// Runs it if it is for one of `deployed`. A function that takes JSON gets no other payload; an
// empty one is {}. `functions` outlives the coroutine.
boost::asio::awaitable<invocation_outcome> run_order(function_manager* functions,
                                                     std::vector<deployed_function> deployed,
                                                     invocation_order order);

}  // namespace evergrass::edge

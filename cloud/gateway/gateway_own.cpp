#include "cloud/gateway/gateway_implementation.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace evergrass::cloud {
namespace {

http::response shape_own(reply made) {
    http::response done;
    done.status = made.status;
    done.headers.set("content-type", "application/json");
    done.body = json::serialize(made.output);
    return done;
}

}  // namespace

answer<http::response> gateway::implementation::serve_own(const caller& by,
                                                          const http::request& asked,
                                                          log_context& about) {
    const auto found = std::ranges::find_if(options.own_calls, [&](const own_call& each) {
        return asked.method == each.method &&
               (each.path.ends_with('/') ? asked.path().starts_with(each.path)
                                         : asked.path() == each.path);
    });
    if (found == options.own_calls.end()) {
        return api_error{404, "UnknownOperationException",
                         "Evergrass has no operation for " + asked.method + " " +
                             std::string(asked.path()) + "."};
    }
    about.operation = "greengrass:" + std::string(found->operation);
    const auto rest = asked.path().substr(found->path.size());
    audit_trail::change change(
        state.audit(),
        {time->now(), by.acting ? by.acting->to_arn() : by.access_key_id, asked.remote_address,
         about.request_id, about.operation, std::string(rest.substr(0, 64))});
    const auto perform_own = [&]() -> api_result {
        if (auto refused = by.refuse(identity.account, "greengrass", found->operation)) {
            return std::move(*refused);
        }
        try {
            return found->run(rest, asked.body);
        } catch (const std::exception& e) {
            return internal_fault("greengrass", std::string("exception: ") + e.what());
        }
    };
    auto outcome = perform_own();
    const auto ended =
        outcome ? change.end(200, "") : change.end(outcome.error().status, outcome.error().code);
    if (!ended) {
        log.error("An entry of the audit could not be written.",
                  {{"requestId", about.request_id}, {"error", ended.error()}});
    }
    if (!outcome) {
        return outcome.error();
    }
    return shape_own(std::move(*outcome));
}

}  // namespace evergrass::cloud

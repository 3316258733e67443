#include "cloud/lambda/invoke_answer.hpp"

#include "cloud/gateway/output.hpp"
#include "cloud/lambda/functions.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>

namespace evergrass::cloud::lambda {
namespace {

bool is_invoke(const http::request& asked) {
    return asked.method == "POST" && asked.path().starts_with("/2015-03-31/functions/") &&
           asked.path().ends_with("/invocations");
}

http::response result_of(http::response begun, core_outcome outcome, bool failed) {
    if (failed) {
        begun.headers.set("x-amz-function-error",
                          outcome.what == core_outcome::kind::handled ? "Handled" : "Unhandled");
    }
    if (!outcome.executed_version.empty()) {
        begun.headers.set("x-amz-executed-version", std::move(outcome.executed_version));
    }
    if (!outcome.log_tail.empty()) {
        begun.headers.set("x-amz-log-result", base64_encode(outcome.log_tail));
    }
    begun.body = std::move(outcome.body);
    return begun;
}

// As a function that ended without a result: clients don't ask again by themselves, for it may have
// done its work.
http::response lost(http::response begun) {
    core_outcome outcome;
    outcome.what = core_outcome::kind::unhandled;
    outcome.body = json::serialize(json::object{
        {"errorMessage",
         "The core fetched the invocation, and its result did not come. It may have run."},
        {"errorType", "Core.Lost"}});
    return result_of(std::move(begun), std::move(outcome), true);
}

api_error refusal_of(const core_outcome& outcome) {
    switch (outcome.what) {
        case core_outcome::kind::not_found:
            return resource_not_found("The core answered: " + outcome.body);
        case core_outcome::kind::invalid:
            return {400,
                    "InvalidRequestContentException",
                    "The core answered: " + outcome.body,
                    {{"Type", "User"}}};
        case core_outcome::kind::busy:
            return {429,
                    "TooManyRequestsException",
                    "The core answered: " + outcome.body,
                    {{"Reason", "ConcurrentInvocationLimitExceeded"}, {"Type", "User"}}};
        default:
            return resource_conflict(
                "The operation cannot be performed at this time: the core is not connected to "
                "this service, or has no time for it. Nothing was run. `evergrass status` on the "
                "core says whether it is connected.");
    }
}

boost::asio::awaitable<http::response> answer_invoke(core_invocations* in, http::handler apis,
                                                     logger log, http::request asked) {
    auto begun = co_await apis(std::move(asked));
    const std::string id(begun.headers.get("x-amzn-requestid").value_or(""));
    if (!in->knows(id)) {
        co_return begun;
    }
    auto outcome = co_await core_invocations::outcome_of(in, id);
    using kind = core_outcome::kind;
    switch (outcome.what) {
        case kind::success:
        case kind::accepted:
            co_return result_of(std::move(begun), std::move(outcome), false);
        case kind::handled:
        case kind::unhandled:
            co_return result_of(std::move(begun), std::move(outcome), true);
        case kind::lost:
            log.warn("A core fetched an invocation and was not heard of since.",
                     {{"requestId", id}});
            co_return lost(std::move(begun));
        default:
            break;
    }
    const auto refused = refusal_of(outcome);
    log.info("An invocation was refused.", {{"requestId", id},
                                            {"status", refused.status},
                                            {"code", refused.code},
                                            {"message", refused.message}});
    auto answer = shape_error(refused);
    answer.headers.set("x-amzn-requestid", id);
    co_return answer;
}

}  // namespace

http::handler with_invocations(core_invocations& in, http::handler apis, logger log) {
    return [&in, apis = std::move(apis),
            log = std::move(log)](http::request asked) -> boost::asio::awaitable<http::response> {
        return is_invoke(asked) ? answer_invoke(&in, apis, log, std::move(asked))
                                : apis(std::move(asked));
    };
}

}  // namespace evergrass::cloud::lambda

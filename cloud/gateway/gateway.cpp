#include "cloud/gateway/gateway.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/client_tokens.hpp"
#include "cloud/gateway/gateway_implementation.hpp"
#include "cloud/gateway/input.hpp"
#include "cloud/gateway/output.hpp"
#include "cloud/gateway/protocol.hpp"
#include "cloud/gateway/refusal.hpp"
#include "cloud/gateway/reset.hpp"
#include "libs/base/random.hpp"

#include <exception>
#include <utility>

namespace evergrass::cloud {
namespace {

// For people who open the address in a browser or with curl.
api_error greeting(const service_identity& identity, const http::request& asked, bool plain) {
    const auto host = asked.headers.get("host").value_or("HOST:PORT");
    return {403, "MissingAuthenticationTokenException",
            "This is Evergrass, a service compatible with AWS IoT Greengrass V1, AWS IoT and AWS "
            "Lambda. Requests must be signed: aws --endpoint-url " +
                std::string(plain ? "http://" : "https://") + std::string(host) + " --region " +
                identity.region + " greengrass list-groups (keys: `evergrass-cloud keys create`)."};
}

}  // namespace

api_error gateway::implementation::internal_fault(std::string_view service, std::string why) const {
    auto refused = internal_error(error{{}, std::move(why)});
    refused.code = internal_code(service);
    return refused;
}

answer<gateway::implementation::destination> gateway::implementation::find_destination(
    const http::request& asked, const caller& by) {
    destination to;
    to.service = service_of_signing_name(by.signing_name);
    if (to.service.empty()) {
        return api_error{
            404,
            "UnknownOperationException",
            "The service '" + by.signing_name +
                "' is not served here: greengrass, iot, iotdata, lambda, s3, secretsmanager, "
                "logs, iam and sts are.",
            // Where clients of AWS's JSON protocols look for the code.
            {{"__type", "UnknownOperationException"}}};
    }
    to.model = catalog.find(to.service);
    const auto spoken = protocol_of(to.service);
    if (spoken != protocol::rest_json) {
        to.route.operation = named_operation(*to.model, spoken, asked);
        if (to.route.operation == nullptr) {
            return api_error{
                400, spoken == protocol::query ? "InvalidAction" : "UnknownOperationException",
                "The service '" + std::string(to.service) + "' has no operation '" +
                    claimed_operation(spoken, asked) + "'."};
        }
        return to;
    }
    to.route = router_of(to.service, *to.model).match(asked.method, asked.path(), asked.query());
    if (to.route.operation == nullptr) {
        return api_error{404, "UnknownOperationException",
                         "The service '" + std::string(to.service) + "' has no operation for " +
                             asked.method + " " + std::string(asked.path()) + "."};
    }
    return to;
}

const router& gateway::implementation::router_of(std::string_view service,
                                                 const service_model& model) {
    const std::lock_guard guard(routers_mutex);
    const auto known = routers.find(service);
    return known != routers.end() ? known->second
                                  : routers.emplace(std::string(service), model).first->second;
}

api_result gateway::implementation::run(const operation& work, const destination& to,
                                        const call& made) {
    try {
        auto outcome = once_per_token(state, to.route.operation->name, made, time->now(), work);
        if (outcome.has_error() && outcome.error().code == internal_failure) {
            return internal_fault(to.service, outcome.error().why);
        }
        return outcome;
    } catch (const std::exception& e) {
        return internal_fault(to.service, std::string("exception: ") + e.what());
    }
}

answer<http::response> gateway::implementation::serve(http::request& asked, bool plain_loopback,
                                                      log_context& about) {
    if (asked.method == "GET" && asked.path() == "/" && !asked.headers.get("authorization")) {
        return greeting(identity, asked, plain_loopback);
    }
    const auto by = authenticate(state, asked, time->now());
    if (!by) {
        return by.error();
    }
    const auto to = find_destination(asked, *by);
    if (!to) {
        return to.error();
    }
    const auto& modelled = *to->route.operation;
    about.operation = std::string(to->service) + ":" + std::string(modelled.name);
    if (by->acting && !session_may(to->service, modelled.name)) {
        return api_error{403, "AccessDeniedException",
                         "User: " + by->acting->to_arn() +
                             " is not authorized to perform: " + about.operation +
                             " (credentials of a group's role read, and publish by iot-data)"};
    }
    const auto* work = operations.find(to->service, modelled.name);
    if (work == nullptr) {
        return api_error{501, "NotImplementedException",
                         "Evergrass does not implement " + about.operation + "."};
    }
    call_input input;
    const bool is_query = protocol_of(to->service) == protocol::query;
    auto wrong = is_query ? read_query_input(*to->model, modelled, asked, input)
                          : read_input(*to->model, to->route, asked, input);
    if (!wrong.empty()) {
        return refusal(to->service, wrong);
    }
    if (to->service == "sts" && by->acting) {
        input.members["CallerArn"] = by->acting->to_arn();  // for GetCallerIdentity
    }
    call made{by->access_key_id, about.request_id, std::move(input.members),
              std::move(input.payload)};
    auto outcome = run(*work, *to, made);
    if (!outcome) {
        return outcome.error();
    }
    if (is_query) {
        return shape_query_reply(to->service, *to->model, modelled, outcome->output,
                                 about.request_id);
    }
    auto shaped = shape_reply(*to->model, modelled, std::move(*outcome));
    for (const auto& name : shaped.unknown) {
        log.warn("An answer has a member that the model does not know; it was left out.",
                 {{"operation", about.operation}, {"member", name}});
    }
    return std::move(shaped.response);
}

void gateway::implementation::log_refusal(const api_error& refused, const http::request& asked,
                                          const log_context& about) const {
    const auto level =
        refused.status >= 500 && refused.status != 501 ? log_level::warn : log_level::info;
    log.write(level, "An API request was refused.",
              {{"requestId", about.request_id},
               {"operation", about.operation},
               {"request", asked.method + " " + asked.target},
               {"from", asked.remote_address},
               {"status", refused.status},
               {"code", refused.code},
               {"message", refused.message},
               {"why", refused.why}});
}

http::response gateway::implementation::respond(http::request asked, bool plain_loopback) {
    log_context about;
    about.request_id = uuid_v4();
    const auto outcome = asked.path() == reset_path
                             ? serve_reset(options.reset, asked, plain_loopback)
                             : serve(asked, plain_loopback, about);
    auto response = outcome                ? *outcome
                    : is_query_form(asked) ? shape_query_error(outcome.error(), about.request_id)
                                           : shape_error(outcome.error());
    response.headers.set("x-amzn-requestid", about.request_id);
    if (!outcome) {
        log_refusal(outcome.error(), asked, about);
    } else if (log.enabled(log_level::debug)) {
        log.debug("API request.", {{"requestId", about.request_id},
                                   {"operation", about.operation},
                                   {"request", asked.method + " " + asked.target},
                                   {"from", asked.remote_address},
                                   {"status", response.status}});
    }
    return response;
}

http::response gateway::answer(const http::request& asked, bool plain_loopback) {
    return implementation_->respond(asked, plain_loopback);
}

}  // namespace evergrass::cloud

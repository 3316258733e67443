#include "cloud/gateway/gateway.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/client_tokens.hpp"
#include "cloud/gateway/gateway_implementation.hpp"
#include "cloud/gateway/input.hpp"
#include "cloud/gateway/output.hpp"
#include "cloud/gateway/protocol.hpp"
#include "cloud/gateway/refusal.hpp"
#include "cloud/gateway/reset.hpp"
#include "cloud/gateway/rights.hpp"
#include "cloud/gateway/session_credentials.hpp"
#include "cloud/gateway/small_reads.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/encoding.hpp"

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
                identity.region + " greengrass list-groups (keys: `evergrass keys create`)."};
}

// The service that the request says it is signed for, whether or not it is.
std::string_view claimed_service(const http::request& asked) {
    const auto claimed = aws::parse_authorization(asked.headers.get("authorization").value_or(""));
    return claimed ? service_of_signing_name(claimed->service) : std::string_view();
}

// A signature in the query is as good as a secret while it lasts: the log doesn't have it.
std::string shown_target(const http::request& asked) {
    return asked.query().find("X-Amz-") == std::string_view::npos
               ? asked.target
               : std::string(asked.path()) + "?(signed)";
}

// Messages are no change: there may be thousands a second.
bool is_audited(std::string_view service, std::string_view operation) {
    return needed_role(service, operation) != access_role::read_only &&
           !(service == "iot-data" && operation == "Publish");
}

constexpr std::size_t longest_target = 256;
constexpr std::string_view own_path = "/evergrass/v1/";

// What the request is about: its names, which are never secret.
std::string audit_target(const gateway::implementation::destination& to,
                         const json::object& input) {
    std::string target;
    const auto add = [&](std::string_view member) {
        const auto text = string_member(input, member);
        if (text && !text->empty()) {
            target += (target.empty() ? "" : " ") + std::string(member) + "=" + *text;
        }
    };
    if (to.route.operation->input) {
        for (const auto& each : to.model->at(*to.route.operation->input).members) {
            const auto& name = each.name;
            if (each.where == place::uri || name == "Name" || name.ends_with("Name") ||
                name == "target" || name == "principal") {
                add(name);
            }
        }
    }
    if (target.size() > longest_target) {
        target.resize(longest_target);
        while (!is_utf8(target)) {
            target.pop_back();
        }
    }
    return target;
}

// once_per_token() holds the store while the operation runs, and these wait for others before they
// use it: for another thread that needs the store, for APIs that are elsewhere.
bool sees_to_its_token(std::string_view service, std::string_view operation) {
    return service == "greengrass" &&
           (operation == "CreateSoftwareUpdateJob" || operation == "CreateDeployment" ||
            operation == "StartBulkDeployment");
}

}  // namespace

const http::response* gateway::implementation::answered_before(const caller& by,
                                                               const destination& to,
                                                               const http::request& asked,
                                                               const foreseen* known) {
    const bool may_be = known != nullptr && known->state && asked.body.empty() &&
                        !by.refuse(identity.account, to.service, to.route.operation->name);
    return may_be ? small_answers.find(*known->state, *to.route.operation, asked.target) : nullptr;
}

api_error gateway::implementation::internal_fault(std::string_view service, std::string why) const {
    auto refused = internal_error(error{{}, std::move(why)});
    refused.code = internal_code(service);
    return refused;
}

answer<gateway::implementation::destination> gateway::implementation::find_destination(
    const http::request& asked, const std::string& signing_name) {
    destination to;
    to.service = service_of_signing_name(signing_name);
    if (to.service.empty()) {
        return api_error{
            404,
            "UnknownOperationException",
            "The service '" + signing_name +
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
        auto outcome =
            sees_to_its_token(to.service, to.route.operation->name)
                ? work(made)
                : once_per_token(state, to.route.operation->name, made, time->now(), work);
        if (outcome.has_error() && outcome.error().code == internal_failure) {
            return internal_fault(to.service, outcome.error().why);
        }
        return outcome;
    } catch (const std::exception& e) {
        return internal_fault(to.service, std::string("exception: ") + e.what());
    }
}

answer<http::response> gateway::implementation::serve(http::request& asked, bool plain_loopback,
                                                      log_context& about, foreseen* known) {
    if (asked.method == "GET" && asked.path() == "/" && !asked.headers.get("authorization")) {
        return greeting(identity, asked, plain_loopback);
    }
    if (options.limits != nullptr) {
        if (options.limits->is_address_over(asked.remote_address, time->mono_now())) {
            return throttled(claimed_service(asked));
        }
    }
    std::optional<aws::authorization> read;
    if (known == nullptr) {
        auto claimed = read_authorization(asked);
        if (!claimed) {
            return claimed.error();
        }
        read = std::move(*claimed);
    }
    const auto by = authenticate(state, asked, known != nullptr ? known->claimed : *read,
                                 time->now(), &remembered);
    if (!by) {
        return by.error();
    }
    about.caller = by->access_key_id;
    if (options.limits != nullptr) {
        if (auto refused = options.limits->refuse_key(
                by->access_key_id, service_of_signing_name(by->signing_name), time->mono_now())) {
            return std::move(*refused);
        }
    }
    if (asked.path().starts_with(own_path)) {
        return serve_own(*by, asked, about);
    }
    const auto to = known != nullptr ? cloud::answer<destination>(std::move(known->to))
                                     : find_destination(asked, by->signing_name);
    if (!to) {
        return to.error();
    }
    const auto& modelled = *to->route.operation;
    about.operation = std::string(to->service) + ":" + std::string(modelled.name);
    if (const auto* same = answered_before(*by, *to, asked, known)) {
        return *same;
    }
    call_input input;
    const auto wrong = protocol_of(to->service) == protocol::query
                           ? read_query_input(*to->model, modelled, asked, input)
                           : read_input(*to->model, to->route, asked, input);
    if (!is_audited(to->service, modelled.name)) {
        auto outcome = perform(*by, *to, std::move(input), wrong, about);
        if (outcome && known != nullptr && known->state && asked.body.empty()) {
            small_answers.keep(*known->state, modelled, asked.target, *outcome);
        }
        return outcome;
    }
    audit_trail::change change(
        state.audit(),
        {time->now(), by->acting ? by->acting->to_arn() : by->access_key_id, asked.remote_address,
         about.request_id, about.operation, audit_target(*to, input.members)});
    auto outcome = perform(*by, *to, std::move(input), wrong, about);
    const auto ended = outcome ? change.end(outcome->status, "")
                               : change.end(outcome.error().status, outcome.error().code);
    if (!ended) {
        log.error("An entry of the audit could not be written.",
                  {{"requestId", about.request_id}, {"error", ended.error()}});
    }
    return outcome;
}

answer<http::response> gateway::implementation::perform(const caller& by, const destination& to,
                                                        call_input input,
                                                        const std::vector<violation>& wrong,
                                                        const log_context& about) {
    const auto& modelled = *to.route.operation;
    if (auto refused = by.refuse(identity.account, to.service, modelled.name)) {
        return std::move(*refused);
    }
    if (const auto at = options.elsewhere.find(to.service); at != options.elsewhere.end()) {
        return served_elsewhere(to.service, at->second);
    }
    const auto* work = operations.find(to.service, modelled.name);
    if (work == nullptr) {
        return api_error{501, "NotImplementedException",
                         "Evergrass does not implement " + about.operation + "."};
    }
    if (!wrong.empty()) {
        return refusal(to.service, wrong);
    }
    call made{by.access_key_id, about.request_id, std::move(input.members),
              std::move(input.payload)};
    if (to.service == "sts") {
        made.caller_arn = by.to_arn(identity.account);
    }
    auto outcome = run(*work, to, made);
    if (!outcome) {
        return outcome.error();
    }
    if (protocol_of(to.service) == protocol::query) {
        return shape_query_reply(to.service, *to.model, modelled, outcome->output,
                                 about.request_id);
    }
    auto shaped = shape_reply(*to.model, modelled, std::move(*outcome));
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
               {"by", about.caller},
               {"request", asked.method + " " + shown_target(asked)},
               {"from", asked.remote_address},
               {"status", refused.status},
               {"code", refused.code},
               {"message", refused.message},
               {"why", refused.why}});
}

http::response gateway::implementation::respond(http::request& asked, bool plain_loopback,
                                                foreseen* known) {
    log_context about;
    about.request_id = request_ids.next();
    const auto began = time->mono_now();
    auto outcome = asked.path() == reset_path ? serve_reset(options.reset, asked, plain_loopback)
                                              : serve(asked, plain_loopback, about, known);
    auto response = outcome                ? std::move(*outcome)
                    : is_query_form(asked) ? shape_query_error(outcome.error(), about.request_id)
                                           : shape_error(outcome.error());
    response.headers.set("x-amzn-requestid", about.request_id);
    if (options.counts != nullptr) {
        options.counts->count(
            about.operation, response.status,
            std::chrono::duration_cast<std::chrono::microseconds>(time->mono_now() - began));
    }
    if (!outcome) {
        log_refusal(outcome.error(), asked, about);
    } else if (log.enabled(log_level::debug)) {
        log.debug("API request.", {{"requestId", about.request_id},
                                   {"operation", about.operation},
                                   {"by", about.caller},
                                   {"request", asked.method + " " + shown_target(asked)},
                                   {"from", asked.remote_address},
                                   {"status", response.status}});
    }
    return response;
}

std::optional<gateway::implementation::foreseen> gateway::implementation::foresee(
    const http::request& asked) {
    auto claimed = read_authorization(asked);
    // The key that session tokens are sealed with is made when the first one is asked for.
    if (!claimed || is_session_key(claimed->access_key_id)) {
        return std::nullopt;
    }
    auto to = find_destination(asked, claimed->service);
    if (!to || !is_small_read(to->service, to->route.operation->name)) {
        return std::nullopt;
    }
    return foreseen{std::move(*claimed), std::move(*to)};
}

std::optional<http::response> gateway::implementation::respond_at_once(http::request& asked) {
    if (asked.method != "GET" || !state.db().can_read_at_once()) {
        return std::nullopt;
    }
    auto known = foresee(asked);
    if (!known) {
        return std::nullopt;
    }
    // Held for all of it: whether the key counts and what is answered are of one state.
    const auto reading = state.db().try_reading();
    if (!reading) {
        return std::nullopt;
    }
    known->state = db::mark_of(state.db(), *reading);
    return respond(asked, false, &*known);
}

http::response gateway::answer(const http::request& asked, bool plain_loopback) {
    auto copy = asked;
    return implementation_->respond(copy, plain_loopback);
}

std::optional<http::response> gateway::answer_at_once(http::request& asked) {
    return implementation_->respond_at_once(asked);
}

}  // namespace evergrass::cloud

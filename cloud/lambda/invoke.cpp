#include "cloud/lambda/core_invocations.hpp"
#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::lambda {
namespace {

// The function's tag, and the member of the client context's "custom", that say on which core.
constexpr std::string_view core_key = "evergrass:core";
constexpr std::size_t longest_payload = 6 * 1024 * 1024;  // Lambda's limits
constexpr std::size_t longest_event = 256 * 1024;
constexpr std::size_t longest_context = 3583;

api_error unreadable_context() {
    return {400,
            "InvalidRequestContentException",
            "Client context must be a valid Base64-encoded JSON object.",
            {{"Type", "User"}}};
}

std::optional<api_error> refuse_size(std::size_t size, std::size_t longest) {
    if (size <= longest) {
        return std::nullopt;
    }
    return api_error{413,
                     "RequestTooLargeException",
                     std::to_string(size) + " byte payload is too large for the " +
                         (longest == longest_event ? "Event" : "RequestResponse") +
                         " invocation type (limit " + std::to_string(longest) + " bytes)",
                     {{"Type", "User"}}};
}

// Empty: the context names none.
answer<std::string> core_in(const std::string& context) {
    if (context.empty()) {
        return std::string();
    }
    const auto text = base64_decode(context);
    if (context.size() > longest_context || !text) {
        return unreadable_context();
    }
    const auto parsed = parse_json(*text);
    if (!parsed || !parsed->is_object()) {
        return unreadable_context();
    }
    const auto* custom = object_member(parsed->get_object(), "custom");
    return custom == nullptr ? std::string() : string_member(*custom, core_key).value_or("");
}

api_error no_core(const std::string& name) {
    return invalid_parameter(
        "Functions run on cores, and this one is for none: name the core's thing in the function's "
        "tag 'evergrass:core' (aws lambda tag-resource), or in the ClientContext as "
        "{\"custom\": {\"evergrass:core\": \"THING\"}}. On the core itself: evergrass invoke " +
        name + " --root ROOT.");
}

api_error not_a_core(const std::string& thing) {
    return resource_not_found("No group with the core '" + thing +
                              "' was ever deployed. Deploy one that has the function, or name "
                              "another core (evergrass:core).");
}

}  // namespace

// A dry run says whether there is such a function and such a core. Else the core is sent for;
// with_invocations() answers when it has answered.
api_result invoke(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto context = string_member(from.input, "ClientContext").value_or("");
    auto thing = core_in(context);
    if (!thing) {
        return thing.error();
    }
    const auto type = string_member(from.input, "InvocationType").value_or("RequestResponse");
    const bool event = type == "Event";
    if (auto refused = refuse_size(from.payload.size(), event ? longest_event : longest_payload)) {
        return *refused;
    }
    core_order order;
    {
        const auto hold = in.state.db().lock();
        const auto function = require_qualified(in, *wanted);
        if (!function) {
            return function.error();
        }
        if (thing->empty()) {
            const auto tags = tags_of(in.state, function_arn_of(in, wanted->name, ""));
            if (!tags) {
                return internal_error(tags.error());
            }
            *thing = string_member(*tags, core_key).value_or("");
        }
        order.function = function_arn_of(
            in, wanted->name, function->version == 0 ? "" : version_text(function->version));
    }
    if (thing->empty() && type == "DryRun") {
        return reply{{{"StatusCode", 204}}, 204};
    }
    if (thing->empty() || in.invocations == nullptr) {
        return no_core(wanted->name);
    }
    const auto known = in.is_core(*thing);
    if (!known) {
        return internal_error(known.error());
    }
    if (!*known) {
        return not_a_core(*thing);
    }
    if (type == "DryRun") {
        return reply{{{"StatusCode", 204}}, 204};
    }
    order.id = from.request_id;
    order.thing = std::move(*thing);
    order.client_context = context;
    order.payload = from.payload;
    order.event = event;
    order.wants_tail = !event && string_member(from.input, "LogType") == "Tail";
    if (!in.invocations->submit(std::move(order))) {
        return api_error{429,
                         "TooManyRequestsException",
                         "Too many invocations wait for this core, or too large ones.",
                         {{"Reason", "ConcurrentInvocationLimitExceeded"}, {"Type", "User"}}};
    }
    return reply{{{"StatusCode", event ? 202 : 200}}, event ? 202 : 200};
}

}  // namespace evergrass::cloud::lambda

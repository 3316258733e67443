#include "cloud/greengrass/device_routes.hpp"
#include "cloud/lambda/core_invocations.hpp"
#include "libs/base/encoding.hpp"

#include <array>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

using invocation_kind = lambda::core_outcome::kind;

// A core that may be told what to run may be told what to run now.
constexpr std::string_view needed_action = "greengrass:GetDeployment";

constexpr std::array<std::pair<std::string_view, invocation_kind>, 7> told_kinds = {{
    {"success", invocation_kind::success},
    {"handled", invocation_kind::handled},
    {"unhandled", invocation_kind::unhandled},
    {"accepted", invocation_kind::accepted},
    {"not-found", invocation_kind::not_found},
    {"invalid", invocation_kind::invalid},
    {"busy", invocation_kind::busy},
}};

std::optional<invocation_kind> kind_of(std::string_view text) {
    for (const auto& [name, kind] : told_kinds) {
        if (name == text) {
            return kind;
        }
    }
    return std::nullopt;
}

bool is_a_version(std::string_view text) {
    return text.size() <= 20 && text.find_first_not_of("0123456789") == text.npos;
}

http::response order_answer(lambda::core_order order) {
    http::response answer;
    answer.headers.add("content-type", "application/octet-stream");
    answer.headers.add("x-evergrass-invocation", order.id);
    answer.headers.add("x-evergrass-function", order.function);
    answer.headers.add("x-evergrass-type", order.event ? "Event" : "RequestResponse");
    if (order.wants_tail) {
        answer.headers.add("x-evergrass-log", "Tail");
    }
    if (!order.client_context.empty()) {
        answer.headers.add("x-evergrass-client-context", std::move(order.client_context));
    }
    answer.body = std::move(order.payload);
    return answer;
}

}  // namespace

bool call_for_invocations(const device_routes& in, const device_request& from) {
    return in.services.invocations != nullptr && in.services.invocations->call(from.thing);
}

std::optional<http::response> take_invocation(const device_routes& in, const device_request& from,
                                              bool last_look) {
    if (auto refused = refuse_device(in, from, needed_action)) {
        return refused;
    }
    if (in.services.invocations != nullptr) {
        if (auto order = in.services.invocations->take(from.thing)) {
            return order_answer(std::move(*order));
        }
    }
    if (!last_look) {
        return std::nullopt;
    }
    http::response nothing;
    nothing.status = 204;
    return nothing;
}

http::response post_invocation_outcome(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, needed_action)) {
        return *refused;
    }
    const auto header = [&](std::string_view name) {
        return std::string(from.asked.headers.get(name).value_or(""));
    };
    const auto kind = kind_of(header("x-evergrass-outcome"));
    if (!kind) {
        return device_error(400,
                            "'x-evergrass-outcome' is none of success, handled, unhandled, "
                            "accepted, not-found, invalid and busy");
    }
    const auto tail = base64_decode(header("x-evergrass-log"));
    if (!tail) {
        return device_error(400, "'x-evergrass-log' is not base64");
    }
    auto version = header("x-evergrass-version");
    if (!is_a_version(version)) {
        return device_error(400, "'x-evergrass-version' is not a number");
    }
    if (in.services.invocations == nullptr ||
        !in.services.invocations->finish(from.thing, from.part,
                                         {*kind, from.asked.body, std::move(version), *tail})) {
        return device_error(404, "No invocation '" + from.part + "' of this core is waited for.");
    }
    return json_answer(json::object());
}

}  // namespace evergrass::cloud::greengrass

#include "edge/invocations/run_order.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <optional>
#include <utility>

namespace evergrass::edge {
namespace {

// Null: none, or several versions of it.
const deployed_function* find_deployed(const std::vector<deployed_function>& deployed,
                                       const std::string& arn) {
    const deployed_function* found = nullptr;
    for (const auto& each : deployed) {
        if (each.arn == arn) {
            return &each;
        }
        const auto parsed = parse_function_arn(each.arn);
        if (parsed && parsed->unqualified() == arn) {
            if (found != nullptr) {
                return nullptr;
            }
            found = &each;
        }
    }
    return found;
}

std::string deployed_versions(const std::vector<deployed_function>& deployed,
                              const std::string& arn) {
    const auto wanted = parse_function_arn(arn);
    std::string versions;
    for (const auto& each : deployed) {
        const auto parsed = parse_function_arn(each.arn);
        if (wanted && parsed && parsed->unqualified() == wanted->unqualified()) {
            versions += (versions.empty() ? "" : ", ") + parsed->qualifier;
        }
    }
    return versions;
}

invocation_outcome not_deployed(const std::vector<deployed_function>& deployed,
                                const std::string& arn) {
    const auto versions = deployed_versions(deployed, arn);
    return {"not-found",
            versions.empty() ? arn + " is no function of its deployed group; deploy it"
                             : arn +
                                   " does not say one of the versions that its deployed group "
                                   "has (" +
                                   versions + "); name one, or deploy this one",
            {},
            {}};
}

std::string outcome_kind_of(const error& why) {
    return why.code == errc::not_found ? "not-found" : "busy";
}

}  // namespace

std::vector<deployed_function> invocable(const std::vector<contract::function>& functions) {
    std::vector<deployed_function> all;
    for (const auto& f : functions) {
        if (!f.runtime.empty() || !f.artifact.empty()) {
            all.push_back({f.arn, f.encoding_type == contract::encoding::binary});
        }
    }
    return all;
}

boost::asio::awaitable<invocation_outcome> run_order(function_manager* functions,
                                                     std::vector<deployed_function> deployed,
                                                     invocation_order order) {
    const auto* target = find_deployed(deployed, order.function);
    if (target == nullptr) {
        co_return not_deployed(deployed, order.function);
    }
    if (!target->binary && order.payload.empty()) {
        order.payload = "{}";
    }
    if (!target->binary) {
        if (const auto parsed = parse_json(order.payload); !parsed) {
            co_return invocation_outcome{
                "invalid",
                "Could not parse request body into json: " + parsed.error().context,
                {},
                {}};
        }
    }
    const auto version = parse_function_arn(target->arn).value().qualifier;
    auto came = co_await functions->invoke(target->arn, std::move(order.payload),
                                           std::move(order.client_context), order.event);
    if (!came) {
        co_return invocation_outcome{outcome_kind_of(came.error()), came.error().context, {}, {}};
    }
    co_return invocation_outcome{std::move(came->outcome), std::move(came->body), version,
                                 order.wants_tail ? std::move(came->log) : std::string()};
}

}  // namespace evergrass::edge

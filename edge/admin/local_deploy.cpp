#include "edge/admin/local_deploy.hpp"

#include "edge/admin/json_answer.hpp"
#include "libs/base/errors.hpp"

#include <utility>

namespace evergrass::edge {

result<deploy_order> read_deploy_order(std::string_view body) {
    const auto document = parse_json(body);
    const auto* object = document ? document->if_object() : nullptr;
    const auto bundle = object != nullptr ? string_member(*object, "bundle") : std::nullopt;
    deploy_order order;
    order.undo = object != nullptr && bool_member(*object, "undo").value_or(false);
    const bool is_path = bundle && bundle->starts_with('/') && bundle->find('\0') == bundle->npos;
    if (order.undo ? bundle.has_value() : !is_path) {
        return error{errc::invalid_input,
                     "the body must be {\"bundle\": \"/absolute/path\", \"unsigned\": true|false} "
                     "or {\"undo\": true}"};
    }
    order.bundle = bundle.value_or("");
    order.unsigned_too = bool_member(*object, "unsigned").value_or(false);
    order.token = string_member(*object, "token").value_or("");
    return order;
}

http::response deploy_answer(const result<deploy_reply>& reply) {
    if (!reply) {
        const auto& code = reply.error().code;
        const int status = code == errc::unavailable ? 503
                           : code == errc::denied    ? 403
                           : code == errc::not_found ? 404
                           : code == errc::conflict  ? 409
                                                     : 400;
        return json_response(status,
                             {{"message", reply.error().context.empty() ? reply.error().message()
                                                                        : reply.error().context}});
    }
    json::array details;
    for (const auto& each : reply->details) {
        details.push_back(json::object{{"part", each.part}, {"reason", each.reason}});
    }
    json::array authorities;
    for (const auto& each : reply->group_cas) {
        authorities.emplace_back(each);
    }
    return json_response(200, {{"deploymentId", reply->deployment_id},
                               {"group", reply->group_name},
                               {"status", reply->message.empty() ? "Success" : "Failure"},
                               {"unchanged", reply->unchanged},
                               {"errorMessage", reply->message},
                               {"errorDetails", std::move(details)},
                               {"groupCas", std::move(authorities)}});
}

}  // namespace evergrass::edge

#include "cloud/greengrass/device_routes.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

http::response with_body(int status, const json::value& body) {
    http::response answer;
    answer.status = status;
    answer.headers.add("content-type", "application/json");
    answer.body = json::serialize(body);
    return answer;
}

http::response refused(const device_routes& in, const device_request& from, std::string_view action,
                       const std::string& why) {
    in.services.log.warn("Refused a device's request.", {{"action", action},
                                                         {"thing", from.thing},
                                                         {"certificate", from.certificate_id},
                                                         {"from", from.asked.remote_address},
                                                         {"reason", why}});
    return device_error(401, why);
}

}  // namespace

http::response device_error(int status, std::string_view why) {
    return with_body(status, json::object{{"message", why}});
}

http::response json_answer(const json::value& body) {
    return with_body(200, body);
}

http::response store_failed(const device_routes& in, const error& why) {
    in.services.log.error("A device's request failed inside the service.", {{"reason", why}});
    return device_error(500, "Internal service failure. Try again later.");
}

result<json::object> body_object(const http::request& asked) {
    auto body = parse_json(asked.body);
    if (!body) {
        return with_context(body.error(), "the request's body");
    }
    if (!body->is_object()) {
        return error{errc::invalid_input, "the request's body is not a JSON object"};
    }
    return std::move(body->get_object());
}

std::optional<http::response> refuse_device(const device_routes& in, const device_request& from,
                                            std::string_view action) {
    const auto& id = from.certificate_id;
    if (id.empty()) {
        return refused(in, from, action, "A client certificate is required.");
    }
    if (!in.authority.is_active(id)) {
        return refused(in, from, action,
                       "Certificate " + id + " is not registered with this service or not ACTIVE.");
    }
    if (from.thing.empty()) {
        return std::nullopt;
    }
    if (!in.authority.is_attached(id, from.thing)) {
        return refused(in, from, action,
                       "Certificate " + id + " is not attached to thing '" + from.thing + "'.");
    }
    const auto arn = in.services.identity.iot_arn("thing/" + from.thing);
    if (!in.authority.allows(id, action, arn, {})) {
        return refused(in, from, action,
                       "No policy of certificate " + id + " allows " + std::string(action) +
                           " on " + arn + ".");
    }
    return std::nullopt;
}

}  // namespace evergrass::cloud::greengrass

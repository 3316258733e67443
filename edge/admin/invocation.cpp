#include "edge/admin/invocation.hpp"

#include "edge/admin/json_answer.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::edge {
namespace {

int status_of(const error& e) {
    if (e.code == errc::not_found) {
        return 404;
    }
    return e.code == errc::unavailable ? 503 : 400;
}

error wrong(const std::string& what) {
    return {errc::invalid_input, what};
}

}  // namespace

result<invocation_request> read_invocation(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) {
        return parsed.error();
    }
    const auto* object = parsed->if_object();
    if (object == nullptr) {
        return wrong(R"(send {"function": ..., "payloadBase64": ..., "clientContext": {...}})");
    }
    invocation_request asked;
    for (const auto& [name, value] : *object) {
        if (name == "function" && value.is_string()) {
            asked.function = value.get_string();
        } else if (name == "payloadBase64" && value.is_string()) {
            auto payload = base64_decode(std::string_view(value.get_string()));
            if (!payload) {
                return wrong("payloadBase64 is not base64");
            }
            asked.payload = std::move(*payload);
        } else if (name == "clientContext" && value.is_object()) {
            asked.client_context = base64_encode(json::serialize(value));
        } else if (name == "event" && value.is_bool()) {
            asked.event = value.get_bool();
        } else {
            return wrong(
                "'" + std::string(name) +
                "' is no member or of the wrong kind: there are function and "
                "payloadBase64 (strings), clientContext (an object) and event (a boolean)");
        }
    }
    if (asked.function.empty()) {
        return wrong("function is missing: the ARN or the name of a function of the group");
    }
    return asked;
}

json::object to_json(const invocation_reply& reply) {
    return {{"function", reply.arn},    {"invocationId", reply.id},
            {"outcome", reply.outcome}, {"payloadBase64", base64_encode(reply.body)},
            {"log", reply.log},         {"tookMicros", reply.took_us}};
}

http::response invocation_answer(const result<invocation_reply>& reply) {
    if (!reply) {
        return json_response(status_of(reply.error()),
                             {{"message", reply.error().context.empty() ? reply.error().message()
                                                                        : reply.error().context}});
    }
    return json_response(200, to_json(*reply));
}

}  // namespace evergrass::edge

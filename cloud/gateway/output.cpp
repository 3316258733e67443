#include "cloud/gateway/output.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud {
namespace {

class output_writer {
public:
    output_writer(const service_model& model, shaped_reply& into) : model_(model), into_(into) {}

    json::object write(const shape& output, json::object members, std::string_view path) {
        json::object body;
        for (auto& entry : members) {
            const auto* described = find(output, entry.key());
            if (described == nullptr) {
                into_.unknown.push_back(std::string(path) + std::string(entry.key()));
            } else if (!entry.value().is_null()) {
                place_member(*described, std::move(entry.value()), path, body);
            }
        }
        return body;
    }

private:
    static const member* find(const shape& output, std::string_view name) {
        const auto found = std::find_if(output.members.begin(), output.members.end(),
                                        [&](const member& m) { return m.name == name; });
        return found == output.members.end() ? nullptr : &*found;
    }

    void place_member(const member& described, json::value value, std::string_view path,
                      json::object& body) {
        switch (described.where) {
            case place::header:
                into_.response.headers.add(std::string(described.wire_name), header_text(value));
                break;
            case place::status:
                into_.response.status = static_cast<int>(value.to_number<std::int64_t>());
                break;
            default:
                body[described.wire_name] =
                    to_wire(model_.at(described.shape), std::move(value),
                            std::string(path) + std::string(described.name));
        }
    }

    static std::string header_text(const json::value& value) {
        const auto* text = value.if_string();
        return text != nullptr ? std::string(*text) : json::serialize(value);
    }

    json::value to_wire(const shape& described, json::value value, const std::string& path) {
        if (described.type == shape_type::structure && value.is_object()) {
            return write(described, std::move(value.get_object()), path + ".");
        }
        if (described.type == shape_type::list && value.is_array()) {
            for (auto& element : value.get_array()) {
                element = to_wire(model_.at(described.element), std::move(element), path + "[]");
            }
        }
        if (described.type == shape_type::map && value.is_object()) {
            for (auto& entry : value.get_object()) {
                entry.value() =
                    to_wire(model_.at(described.element), std::move(entry.value()), path + "{}");
            }
        }
        return value;
    }

    const service_model& model_;
    shaped_reply& into_;
};

bool may_have_body(int status) {
    return status != 204 && status != 304;
}

}  // namespace

shaped_reply shape_reply(const service_model& model, const modelled_operation& operation,
                         reply answered) {
    shaped_reply shaped;
    auto& response = shaped.response;
    response.status = answered.status == 200 ? operation.status : answered.status;
    const auto* output = operation.output ? &model.at(*operation.output) : nullptr;
    json::object body;
    if (output != nullptr) {
        body = output_writer(model, shaped).write(*output, std::move(answered.output), "");
    }
    const auto* payload = output != nullptr ? output->payload : nullptr;
    if (payload != nullptr && model.at(payload->shape).type != shape_type::structure) {
        response.headers.set("content-type", "application/octet-stream");
        response.body = std::move(answered.payload);
        return shaped;
    }
    if (may_have_body(response.status)) {
        response.headers.set("content-type", "application/json");
        const auto* inner = payload != nullptr ? body.if_contains(payload->wire_name) : nullptr;
        response.body = inner != nullptr ? json::serialize(*inner) : json::serialize(body);
    }
    return shaped;
}

bool may_be_tried_again(const api_error& refused) {
    return refused.status == 429 || refused.status == 503;
}

http::response shape_error(const api_error& refused) {
    http::response response;
    response.status = refused.status;
    response.headers.set("content-type", "application/json");
    if (!refused.code.empty()) {
        response.headers.set("x-amzn-ErrorType", refused.code);
    }
    if (may_be_tried_again(refused)) {
        response.headers.set("retry-after", "1");
    }
    // Both spellings: services differ, and clients read one or the other.
    json::object body{{"message", refused.message}, {"Message", refused.message}};
    if (!refused.code.empty()) {
        body["__type"] = refused.code;  // where clients of the JSON protocols look for it
    }
    for (const auto& entry : refused.extra) {
        body[entry.key()] = entry.value();
    }
    response.body = json::serialize(body);
    return response;
}

}  // namespace evergrass::cloud

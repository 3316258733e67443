#include "cloud/gateway/output.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::cloud {
namespace {

// Where a member is, for who reads the log; made to text only when it is needed.
struct trail {
    const trail* above = nullptr;
    std::string_view name;

    std::string to_string() const {
        return (above != nullptr ? above->to_string() : std::string()) + std::string(name);
    }
};

class output_writer {
public:
    output_writer(const service_model& model, shaped_reply& into) : model_(model), into_(into) {}

    // Gives the members their places and wire names; those that stay where they are are not moved.
    json::object write(const shape& output, json::object members, const trail* path) {
        if (stays_as_it_is(output, members)) {
            for (auto& entry : members) {
                const trail here{path, entry.key()};
                descend(model_.at(find(output, entry.key())->shape), entry.value(), here);
            }
            return members;
        }
        json::object body;
        body.reserve(members.size());
        for (auto& entry : members) {
            const trail here{path, entry.key()};
            const auto* described = find(output, entry.key());
            if (described == nullptr) {
                into_.unknown.push_back(here.to_string());
            } else if (!entry.value().is_null()) {
                place_member(*described, std::move(entry.value()), here, body);
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

    static bool stays_as_it_is(const shape& output, const json::object& members) {
        return std::all_of(members.begin(), members.end(), [&](const auto& entry) {
            const auto* described = find(output, entry.key());
            return described != nullptr && !entry.value().is_null() &&
                   described->where != place::header && described->where != place::status &&
                   described->wire_name == described->name;
        });
    }

    void place_member(const member& described, json::value value, const trail& path,
                      json::object& body) {
        switch (described.where) {
            case place::header:
                into_.response.headers.add(std::string(described.wire_name), header_text(value));
                break;
            case place::status:
                into_.response.status = static_cast<int>(value.to_number<std::int64_t>());
                break;
            default:
                descend(model_.at(described.shape), value, path);
                body[described.wire_name] = std::move(value);
        }
    }

    static std::string header_text(const json::value& value) {
        const auto* text = value.if_string();
        return text != nullptr ? std::string(*text) : json::serialize(value);
    }

    void descend(const shape& described, json::value& value, const trail& path) {
        if (described.type == shape_type::structure && value.is_object()) {
            const trail inside{&path, "."};
            value.get_object() = write(described, std::move(value.get_object()), &inside);
        } else if (described.type == shape_type::list && value.is_array()) {
            const trail inside{&path, "[]"};
            const auto& element = model_.at(described.element);
            for (auto& each : value.get_array()) {
                descend(element, each, inside);
            }
        } else if (described.type == shape_type::map && value.is_object()) {
            const trail inside{&path, "{}"};
            const auto& element = model_.at(described.element);
            for (auto& entry : value.get_object()) {
                descend(element, entry.value(), inside);
            }
        }
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
    if (output != nullptr && output->payload == nullptr && !answered.payload.empty()) {
        response.headers.set("content-type", "application/json");
        response.body = std::move(answered.payload);
        return shaped;
    }
    // Constructed, not assigned, so that it stays in the memory that the operation chose.
    const auto body =
        output != nullptr
            ? output_writer(model, shaped).write(*output, std::move(answered.output), nullptr)
            : json::object();
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

#include "cloud/gateway/protocol.hpp"
#include "libs/base/time.hpp"
#include "libs/base/xml.hpp"

namespace evergrass::cloud {
namespace {

std::string enclose(std::string_view name, std::string_view xml) {
    std::string out = "<";
    return out.append(name).append(">").append(xml).append("</").append(name).append(">");
}

class xml_writer {
public:
    explicit xml_writer(const service_model& model) : model_(model) {}

    // Members that the model doesn't have, and null ones, are left out.
    std::string members(const shape& described, const json::object& values) const {
        std::string xml;
        for (const auto& m : described.members) {
            const auto* value = values.if_contains(m.name);
            if (value != nullptr && !value->is_null()) {
                xml += enclose(m.wire_name, content(model_.at(m.shape), *value));
            }
        }
        return xml;
    }

private:
    std::string content(const shape& described, const json::value& value) const {
        std::string xml;
        if (value.is_object() && described.type == shape_type::structure) {
            return members(described, value.get_object());
        }
        if (value.is_object()) {
            for (const auto& entry : value.get_object()) {
                xml += enclose("entry", enclose("key", xml_text(entry.key())) +
                                            enclose("value", content(model_.at(described.element),
                                                                     entry.value())));
            }
            return xml;
        }
        if (value.is_array()) {
            for (const auto& element : value.get_array()) {
                xml += enclose("member", content(model_.at(described.element), element));
            }
            return xml;
        }
        if (described.type == shape_type::timestamp && value.is_number()) {
            return format_iso8601(wall_time(std::chrono::seconds(value.to_number<std::int64_t>())));
        }
        const auto* text = value.if_string();
        return text != nullptr ? xml_text(*text) : json::serialize(value);
    }

    const service_model& model_;
};

std::string_view name_space(std::string_view service) {
    return service == "iam" ? "https://iam.amazonaws.com/doc/2010-05-08/"
                            : "https://sts.amazonaws.com/doc/2011-06-15/";
}

http::response document(int status, std::string xml) {
    http::response made;
    made.status = status;
    made.headers.set("content-type", "text/xml");
    made.body = std::move(xml);
    return made;
}

}  // namespace

http::response shape_query_reply(std::string_view service, const service_model& model,
                                 const modelled_operation& operation, const json::object& output,
                                 std::string_view request_id) {
    const std::string name(operation.name);
    std::string xml = "<" + name + "Response xmlns=\"" + std::string(name_space(service)) + "\">";
    if (operation.output) {
        xml += enclose(name + "Result",
                       xml_writer(model).members(model.at(*operation.output), output));
    }
    xml += enclose("ResponseMetadata", enclose("RequestId", request_id));
    return document(200, xml + "</" + name + "Response>");
}

http::response shape_query_error(const api_error& refused, std::string_view request_id) {
    return document(
        refused.status,
        enclose("ErrorResponse",
                enclose("Error", enclose("Type", refused.status < 500 ? "Sender" : "Receiver") +
                                     enclose("Code", xml_text(refused.code)) +
                                     enclose("Message", xml_text(refused.message))) +
                    enclose("RequestId", request_id)));
}

}  // namespace evergrass::cloud

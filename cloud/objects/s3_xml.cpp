#include "cloud/objects/s3_xml.hpp"

#include "cloud/gateway/output.hpp"
#include "libs/base/xml.hpp"

namespace evergrass::cloud::objects {
namespace {

constexpr std::string_view declaration = R"(<?xml version="1.0" encoding="UTF-8"?>)";
constexpr std::string_view name_space = R"( xmlns="http://s3.amazonaws.com/doc/2006-03-01/")";

http::response document(int status, std::string xml) {
    http::response made;
    made.status = status;
    made.headers.add("content-type", "application/xml");
    made.body = std::string(declaration) + "\n" + std::move(xml);
    return made;
}

}  // namespace

std::string element(std::string_view name, std::string_view text) {
    return enclose(name, xml_text(text));
}

std::string enclose(std::string_view name, std::string_view xml) {
    std::string out = "<";
    return out.append(name).append(">").append(xml).append("</").append(name).append(">");
}

http::response xml_answer(std::string_view name, std::string_view xml) {
    std::string out = "<";
    out.append(name).append(name_space).append(">");
    return document(200, out.append(xml).append("</").append(name).append(">"));
}

http::response xml_error(const api_error& refused, std::string_view resource,
                         std::string_view request_id) {
    const bool internal = refused.code.empty() || refused.code == internal_failure;
    auto made = document(
        refused.status,
        enclose("Error", element("Code", internal ? "InternalError" : refused.code) +
                             element("Message", refused.message) + element("Resource", resource) +
                             element("RequestId", request_id)));
    if (may_be_tried_again(refused)) {
        made.headers.add("retry-after", "1");
    }
    return made;
}

api_error malformed_xml(const std::string& why) {
    return {400, "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published "
            "schema: " +
                why};
}

}  // namespace evergrass::cloud::objects

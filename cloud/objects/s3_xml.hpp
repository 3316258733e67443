#pragma once

#include "cloud/gateway/operation.hpp"
#include "libs/http/message.hpp"

#include <string>
#include <string_view>

// S3 answers in XML, also when it refuses.
namespace evergrass::cloud::objects {

// `text` between <name> and </name>, escaped.
std::string element(std::string_view name, std::string_view text);
// The same around XML that is ready.
std::string enclose(std::string_view name, std::string_view xml);
// Status 200 with the document: `name` is its root, in S3's namespace.
http::response xml_answer(std::string_view name, std::string_view xml);
// <Error><Code>…; an empty or internal code becomes S3's own, InternalError.
http::response xml_error(const api_error& refused, std::string_view resource,
                         std::string_view request_id);
// The refusal of a request whose own XML is not what it should be; `why` goes behind S3's words.
api_error malformed_xml(const std::string& why);

}  // namespace evergrass::cloud::objects

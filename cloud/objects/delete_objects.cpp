#include "cloud/objects/object_body.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/s3_xml_input.hpp"

namespace evergrass::cloud::objects {
namespace {

constexpr std::size_t most_keys = 1000;

}  // namespace

answer<http::response> delete_objects(const s3_call& from) {
    const auto body = read_object_body(from.asked);
    if (!body) {
        return body.error();
    }
    const auto wanted = read_xml(*body);
    if (!wanted) {
        return malformed_xml(wanted.error().context);
    }
    if (wanted->name != "Delete") {
        return malformed_xml("the root is not Delete");
    }
    if (const auto there = from.in.require_bucket(from.what.bucket); !there) {
        return there.error();
    }
    const bool quiet = wanted->text_of("Quiet") == "true";
    std::string xml;
    std::size_t count = 0;
    for (const auto& each : wanted->children) {
        if (each.name != "Object") {
            continue;
        }
        const auto key = each.text_of("Key");
        if (key.empty() || ++count > most_keys) {
            return malformed_xml(key.empty() ? "an Object has no Key" : "more than 1000 keys");
        }
        const auto removed = from.in.remove(from.what.bucket, key);
        if (!removed) {
            xml += enclose("Error", element("Key", key) + element("Code", "InternalError") +
                                        element("Message", "Try again."));
        } else if (!quiet) {
            xml += enclose("Deleted", element("Key", key));
        }
    }
    if (count == 0) {
        return malformed_xml("it names no Object");
    }
    return xml_answer("DeleteResult", xml);
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/object_body.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/s3_xml_input.hpp"
#include "cloud/objects/uploads.hpp"

#include <charconv>

namespace evergrass::cloud::objects {
namespace {

std::string without_quotes(std::string text) {
    std::erase(text, '"');
    return text;
}

answer<std::vector<named_part>> read_parts(std::string_view body) {
    const auto root = read_xml(body, 60'000);
    if (!root) {
        return malformed_xml(root.error().context);
    }
    if (root->name != "CompleteMultipartUpload") {
        return malformed_xml("the root is not CompleteMultipartUpload");
    }
    std::vector<named_part> parts;
    for (const auto& each : root->children) {
        if (each.name != "Part") {
            continue;
        }
        const auto text = each.text_of("PartNumber");
        named_part part{0, without_quotes(each.text_of("ETag"))};
        const auto* end = text.data() + text.size();
        const auto [stop, wrong] = std::from_chars(text.data(), end, part.number);
        if (wrong != std::errc() || stop != end) {
            return malformed_xml("a PartNumber is no number");
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

}  // namespace

answer<http::response> complete_multipart_upload(const s3_call& from) {
    const auto body = read_object_body(from.asked);
    if (!body) {
        return body.error();
    }
    const auto wanted = read_parts(*body);
    if (!wanted) {
        return wanted.error();
    }
    upload_store uploads(from.in);
    const auto of =
        uploads.find(from.what.bucket, from.what.key, from.what.parameter("uploadId").value_or(""));
    if (!of) {
        return of.error();
    }
    const auto made = uploads.complete(*of, *wanted);
    if (!made) {
        return made.error();
    }
    return xml_answer("CompleteMultipartUploadResult",
                      element("Location", "/" + from.what.bucket + "/" + from.what.key) +
                          element("Bucket", from.what.bucket) + element("Key", from.what.key) +
                          element("ETag", "\"" + made->etag + "\""));
}

}  // namespace evergrass::cloud::objects

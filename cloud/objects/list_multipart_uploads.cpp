#include "cloud/objects/operations.hpp"
#include "cloud/objects/page_size.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/uploads.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/time.hpp"

namespace evergrass::cloud::objects {

answer<http::response> list_multipart_uploads(const s3_call& from) {
    const auto most = page_size(from.what, "max-uploads");
    if (!most) {
        return most.error();
    }
    if (!from.what.parameter("delimiter").value_or("").empty()) {
        return api_error{501, "NotImplemented",
                         "Evergrass's object store lists uploads without a delimiter."};
    }
    const auto key = from.what.parameter("key-marker").value_or("");
    const auto id = from.what.parameter("upload-id-marker").value_or("");
    const auto prefix = from.what.parameter("prefix").value_or("");
    const bool as_url = from.what.parameter("encoding-type") == "url";
    const auto shown = [as_url](const std::string& text) {
        return as_url ? percent_encode(text, true) : text;
    };
    // Without an id, a key stands for all of its uploads.
    const auto after = id.empty() && !key.empty() ? std::string("~") : id;
    auto found = upload_store(from.in).list(from.what.bucket, prefix, key, after, *most + 1);
    if (!found) {
        return found.error();
    }
    const bool more = static_cast<std::int64_t>(found->size()) > *most;
    if (more) {
        found->pop_back();
    }
    auto xml = element("Bucket", from.what.bucket) + element("KeyMarker", shown(key)) +
               element("UploadIdMarker", id) + element("Prefix", shown(prefix)) +
               element("MaxUploads", std::to_string(*most)) +
               element("IsTruncated", more ? "true" : "false");
    if (as_url) {
        xml += element("EncodingType", "url");
    }
    if (more && !found->empty()) {
        xml += element("NextKeyMarker", shown(found->back().key)) +
               element("NextUploadIdMarker", found->back().id);
    }
    for (const auto& each : *found) {
        const auto started = wall_time(std::chrono::milliseconds(each.started_at));
        xml += enclose("Upload", element("Key", shown(each.key)) + element("UploadId", each.id) +
                                     element("StorageClass", "STANDARD") +
                                     element("Initiated", format_iso8601(started)));
    }
    return xml_answer("ListMultipartUploadsResult", xml);
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/operations.hpp"
#include "cloud/objects/page_size.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/uploads.hpp"
#include "libs/base/time.hpp"

namespace evergrass::cloud::objects {

answer<http::response> list_parts(const s3_call& from) {
    const auto most = page_size(from.what, "max-parts");
    const auto after = number_of(from.what, "part-number-marker");
    if (!most || !after) {
        return most ? after.error() : most.error();
    }
    upload_store uploads(from.in);
    const auto of =
        uploads.find(from.what.bucket, from.what.key, from.what.parameter("uploadId").value_or(""));
    if (!of) {
        return of.error();
    }
    auto parts = uploads.parts(*of, *after, *most + 1);
    if (!parts) {
        return parts.error();
    }
    const bool more = static_cast<std::int64_t>(parts->size()) > *most;
    if (more) {
        parts->pop_back();
    }
    auto xml = element("Bucket", of->bucket) + element("Key", of->key) +
               element("UploadId", of->id) + element("PartNumberMarker", std::to_string(*after)) +
               element("MaxParts", std::to_string(*most)) +
               element("IsTruncated", more ? "true" : "false");
    if (!parts->empty()) {
        xml += element("NextPartNumberMarker", std::to_string(parts->back().number));
    }
    for (const auto& part : *parts) {
        const auto modified = wall_time(std::chrono::milliseconds(part.modified_at));
        xml += enclose("Part", element("PartNumber", std::to_string(part.number)) +
                                   element("LastModified", format_iso8601(modified)) +
                                   element("ETag", "\"" + part.etag + "\"") +
                                   element("Size", std::to_string(part.size)));
    }
    return xml_answer("ListPartsResult", xml);
}

}  // namespace evergrass::cloud::objects

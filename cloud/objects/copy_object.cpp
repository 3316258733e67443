#include "cloud/objects/copy_source.hpp"
#include "cloud/objects/object_headers.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "libs/base/time.hpp"

namespace evergrass::cloud::objects {

answer<http::response> copy_object(const s3_call& from) {
    const auto source = find_copy_source(from.in, from.asked.headers);
    if (!source) {
        return source.error();
    }
    const bool replaces = from.asked.headers.get("x-amz-metadata-directive") == "REPLACE";
    if (!replaces && source->bucket == from.what.bucket && source->key == from.what.key) {
        return api_error{400, "InvalidRequest",
                         "This copy request is illegal because it is trying to copy an object to "
                         "itself without changing the object's metadata (x-amz-metadata-directive: "
                         "REPLACE)."};
    }
    auto headers =
        replaces ? kept_headers(from.asked.headers) : answer<json::object>(source->found.headers);
    if (!headers) {
        return headers.error();
    }
    const auto made =
        from.in.link(from.what.bucket, from.what.key, source->found, std::move(*headers));
    if (!made) {
        return made.error();
    }
    const auto modified = wall_time(std::chrono::milliseconds(made->modified_at));
    return xml_answer("CopyObjectResult", element("LastModified", format_iso8601(modified)) +
                                              element("ETag", "\"" + made->etag + "\""));
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/object_headers.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "cloud/objects/uploads.hpp"

namespace evergrass::cloud::objects {

answer<http::response> create_multipart_upload(const s3_call& from) {
    auto headers = kept_headers(from.asked.headers);
    if (!headers) {
        return headers.error();
    }
    const auto made =
        upload_store(from.in).begin(from.what.bucket, from.what.key, std::move(*headers));
    if (!made) {
        return made.error();
    }
    return xml_answer("InitiateMultipartUploadResult", element("Bucket", made->bucket) +
                                                           element("Key", made->key) +
                                                           element("UploadId", made->id));
}

}  // namespace evergrass::cloud::objects

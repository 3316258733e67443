#include "cloud/objects/operations.hpp"
#include "cloud/objects/uploads.hpp"

namespace evergrass::cloud::objects {

answer<http::response> abort_multipart_upload(const s3_call& from) {
    upload_store uploads(from.in);
    const auto of =
        uploads.find(from.what.bucket, from.what.key, from.what.parameter("uploadId").value_or(""));
    if (!of) {
        return of.error();
    }
    if (const auto gone = uploads.abort(*of); !gone) {
        return gone.error();
    }
    http::response answer;
    answer.status = 204;
    return answer;
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

// Of what the body may say, the region and the like, nothing matters here. A bucket that is there
// already is the caller's own: S3 says so with success in its oldest region, as scripts rely on.
answer<http::response> create_bucket(const s3_call& from) {
    const auto made = from.in.create_bucket(from.what.bucket);
    if (!made) {
        return made.error();
    }
    http::response answer;
    answer.headers.add("location", "/" + from.what.bucket);
    return answer;
}

}  // namespace evergrass::cloud::objects

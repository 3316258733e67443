#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

answer<http::response> head_bucket(const s3_call& from) {
    if (const auto there = from.in.require_bucket(from.what.bucket); !there) {
        return there.error();
    }
    return http::response();
}

}  // namespace evergrass::cloud::objects

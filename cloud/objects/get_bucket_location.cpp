#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"

namespace evergrass::cloud::objects {

// Empty: the region that S3 calls us-east-1, where clients go on with what they have.
answer<http::response> get_bucket_location(const s3_call& from) {
    if (const auto there = from.in.require_bucket(from.what.bucket); !there) {
        return there.error();
    }
    return xml_answer("LocationConstraint", "");
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

answer<http::response> delete_bucket(const s3_call& from) {
    if (const auto deleted = from.in.delete_bucket(from.what.bucket); !deleted) {
        return deleted.error();
    }
    http::response answer;
    answer.status = 204;
    return answer;
}

}  // namespace evergrass::cloud::objects

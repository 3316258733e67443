#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

answer<http::response> delete_object(const s3_call& from) {
    if (const auto removed = from.in.remove(from.what.bucket, from.what.key); !removed) {
        return removed.error();
    }
    http::response answer;
    answer.status = 204;
    return answer;
}

}  // namespace evergrass::cloud::objects

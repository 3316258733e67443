#include "cloud/objects/object_body.hpp"
#include "cloud/objects/object_headers.hpp"
#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

answer<http::response> put_object(const s3_call& from) {
    if (from.asked.headers.get("x-amz-copy-source")) {
        return copy_object(from);
    }
    auto headers = kept_headers(from.asked.headers);
    if (!headers) {
        return headers.error();
    }
    const auto content = read_object_body(from.asked);
    if (!content) {
        return content.error();
    }
    if (from.asked.headers.get("if-none-match") == "*" &&
        from.in.find(from.what.bucket, from.what.key)) {
        return api_error{412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold: "
                         "If-None-Match"};
    }
    const auto made = from.in.put(from.what.bucket, from.what.key, *content, std::move(*headers));
    if (!made) {
        return made.error();
    }
    http::response answer;
    answer.headers.add("etag", "\"" + made->etag + "\"");
    return answer;
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/copy_source.hpp"

#include "cloud/objects/s3_uri.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::objects {

answer<copy_source> find_copy_source(object_store& in, const http::fields& asked) {
    auto named = asked.get("x-amz-copy-source").value_or("");
    const auto wrong = [] {
        return api_error{
            400, "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"};
    };
    if (named.starts_with('/')) {
        named.remove_prefix(1);
    }
    if (named.find("?versionId=") != std::string_view::npos) {
        return api_error{501, "NotImplemented", "Evergrass's object store has no versions."};
    }
    const auto text = percent_decode(named);
    const auto slash = text ? text->find('/') : std::string::npos;
    if (slash == std::string::npos || !is_bucket_name(text->substr(0, slash)) ||
        slash + 1 == text->size() || !is_utf8(*text)) {
        return wrong();
    }
    copy_source source{text->substr(0, slash), text->substr(slash + 1), {}};
    auto found = in.find(source.bucket, source.key);
    if (!found) {
        return found.error();
    }
    const auto etag = found->etag;
    const auto match = asked.get("x-amz-copy-source-if-match");
    const auto none = asked.get("x-amz-copy-source-if-none-match");
    if ((match && match->find(etag) == std::string_view::npos) ||
        (none && none->find(etag) != std::string_view::npos)) {
        return api_error{412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold"};
    }
    source.found = std::move(*found);
    return source;
}

}  // namespace evergrass::cloud::objects

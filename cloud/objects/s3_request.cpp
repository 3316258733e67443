#include "cloud/objects/s3_request.hpp"

#include "cloud/objects/s3_uri.hpp"
#include "libs/base/encoding.hpp"
#include "libs/http/message.hpp"

#include <algorithm>
#include <array>

namespace evergrass::cloud::objects {
namespace {

constexpr std::size_t longest_key = 1024;

struct served_operation {
    s3_operation what;
    std::string_view name;
    std::string_view method;
    bool on_object;
    std::string_view part;  // the parameter that tells it from others of its method
};

constexpr served_operation served[] = {
    {s3_operation::get_bucket_location, "GetBucketLocation", "GET", false, "location"},
    {s3_operation::list_multipart_uploads, "ListMultipartUploads", "GET", false, "uploads"},
    {s3_operation::delete_objects, "DeleteObjects", "POST", false, "delete"},
    {s3_operation::create_multipart_upload, "CreateMultipartUpload", "POST", true, "uploads"},
    {s3_operation::upload_part, "UploadPart", "PUT", true, "uploadId"},
    {s3_operation::complete_multipart_upload, "CompleteMultipartUpload", "POST", true, "uploadId"},
    {s3_operation::abort_multipart_upload, "AbortMultipartUpload", "DELETE", true, "uploadId"},
    {s3_operation::list_parts, "ListParts", "GET", true, "uploadId"},
    {s3_operation::create_bucket, "CreateBucket", "PUT", false, ""},
    {s3_operation::head_bucket, "HeadBucket", "HEAD", false, ""},
    {s3_operation::delete_bucket, "DeleteBucket", "DELETE", false, ""},
    {s3_operation::list_objects_v2, "ListObjectsV2", "GET", false, "list-type"},
    {s3_operation::list_objects, "ListObjects", "GET", false, ""},
    {s3_operation::put_object, "PutObject", "PUT", true, ""},
    {s3_operation::get_object, "GetObject", "GET", true, ""},
    {s3_operation::head_object, "HeadObject", "HEAD", true, ""},
    {s3_operation::delete_object, "DeleteObject", "DELETE", true, ""},
    {s3_operation::list_buckets, "ListBuckets", "GET", false, ""},
};

// What changes nothing of which operation it is. Any other parameter without a value of these is a
// part of S3 by itself: ?uploads, ?policy, ?versioning …
constexpr std::array<std::string_view, 24> plain_parameters = {
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "list-type",
    "max-keys",
    "prefix",
    "start-after",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "x-id",
    "marker",
    "max-parts",
    "part-number-marker",
    "max-uploads",
    "key-marker",
    "upload-id-marker",
    "partNumber",
    "allow-reordered",
    "x-amz-checksum-mode",
};

api_error not_here(std::string_view what) {
    return {501, "NotImplemented",
            "Evergrass's object store has no " + std::string(what) +
                "; docs/objects.md lists what it has."};
}

std::optional<api_error> check_parameters(const s3_request& made) {
    for (const auto& [name, value] : made.query) {
        const bool plain =
            std::ranges::find(plain_parameters, name) != plain_parameters.end() ||
            std::ranges::find(served, name, &served_operation::part) != std::end(served) ||
            name.starts_with("X-Amz-");
        if (!plain && !(name == "versionId" && value == "null")) {
            return not_here("'?" + name + "'");
        }
    }
    return std::nullopt;
}

// An empty bucket: "/".
answer<s3_request> read_names(std::string_view raw_path) {
    s3_request made;
    if (raw_path.starts_with('/')) {
        raw_path.remove_prefix(1);
    }
    const auto slash = std::min(raw_path.find('/'), raw_path.size());
    const auto bucket = percent_decode(raw_path.substr(0, slash));
    const auto key = percent_decode(raw_path.substr(std::min(slash + 1, raw_path.size())));
    if (!bucket || !key || !is_utf8(*key) || key->find('\0') != std::string::npos) {
        return api_error{400, "InvalidURI",
                         "The path is not /BUCKET/KEY in percent-encoded UTF-8."};
    }
    if (!raw_path.empty() && !is_bucket_name(*bucket)) {
        return api_error{400, "InvalidBucketName",
                         "The specified bucket is not valid: 3 to 63 of a-z 0-9 . and -."};
    }
    if (key->size() > longest_key) {
        return api_error{400, "KeyTooLongError", "Your key is too long: 1024 bytes at most."};
    }
    made.bucket = *bucket;
    made.key = *key;
    return made;
}

}  // namespace

std::string_view to_string(s3_operation what) {
    return std::ranges::find(served, what, &served_operation::what)->name;
}

std::optional<std::string> s3_request::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return value;
        }
    }
    return std::nullopt;
}

answer<s3_request> read_s3_request(std::string_view method, std::string_view raw_path,
                                   std::string_view raw_query) {
    auto made = read_names(raw_path);
    if (!made) {
        return made;
    }
    made->query = http::parse_query(raw_query);
    if (auto refused = check_parameters(*made)) {
        return *refused;
    }
    const auto* found = std::ranges::find_if(served, [&](const served_operation& each) {
        return each.method == method && each.on_object == !made->key.empty() &&
               (each.part.empty() || made->parameter(each.part)) &&
               (each.what == s3_operation::list_buckets) == made->bucket.empty();
    });
    if (found == std::end(served)) {
        return api_error{405, "MethodNotAllowed",
                         "The specified method is not allowed against this resource."};
    }
    made->what = found->what;
    for (const auto& other : served) {
        if (!other.part.empty() && other.part != found->part && made->parameter(other.part)) {
            return not_here("'?" + std::string(other.part) + "' of " + std::string(found->name));
        }
    }
    if (made->what == s3_operation::list_objects_v2 && made->parameter("list-type") != "2") {
        return not_here("list-type other than 2");
    }
    if (made->parameter("partNumber") && made->what != s3_operation::upload_part) {
        return not_here("'?partNumber' of an object");
    }
    return made;
}

}  // namespace evergrass::cloud::objects

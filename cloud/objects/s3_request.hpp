#pragma once

#include "cloud/gateway/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::cloud::objects {

enum class s3_operation : std::uint8_t {
    list_buckets,
    create_bucket,
    head_bucket,
    delete_bucket,
    list_objects_v2,
    put_object,
    get_object,
    head_object,
    delete_object,
    list_objects,
    get_bucket_location,
    delete_objects,
    create_multipart_upload,
    upload_part,
    complete_multipart_upload,
    abort_multipart_upload,
    list_parts,
    list_multipart_uploads,
};

// "GetObject": S3's own name, for logs and rights.
std::string_view to_string(s3_operation what);

// A request of S3's REST API with the bucket in the path (spec/cloud.md §6.1).
struct s3_request {
    s3_operation what = s3_operation::list_buckets;
    std::string bucket;  // a well-formed name, or empty for list_buckets
    std::string key;     // 1 to 1024 bytes of UTF-8, or empty where there is none
    std::vector<std::pair<std::string, std::string>> query;

    // The first of that name.
    std::optional<std::string> parameter(std::string_view name) const;
};

// Errors are S3's: InvalidBucketName, InvalidURI, KeyTooLongError, MethodNotAllowed, and
// NotImplemented for a part of S3 that is not here, which it names. Path and query as on the wire.
answer<s3_request> read_s3_request(std::string_view method, std::string_view raw_path,
                                   std::string_view raw_query);

}  // namespace evergrass::cloud::objects

#pragma once

#include "cloud/objects/object_store.hpp"
#include "cloud/objects/s3_request.hpp"
#include "libs/http/message.hpp"

// S3's operations, each in the file of its name (spec/cloud.md §4.2). They read and write the store
// and files, so they run where blocking is allowed.
namespace evergrass::cloud::objects {

// `asked` has the headers; put_object takes its body out.
struct s3_call {
    object_store& in;
    const s3_request& what;
    http::request& asked;
};

answer<http::response> list_buckets(const s3_call& from);
answer<http::response> create_bucket(const s3_call& from);
answer<http::response> head_bucket(const s3_call& from);
answer<http::response> delete_bucket(const s3_call& from);
answer<http::response> list_objects_v2(const s3_call& from);
answer<http::response> put_object(const s3_call& from);
// GetObject and HeadObject: the server sends the bytes, or the part of them that Range names.
answer<http::response> get_object(const s3_call& from);
answer<http::response> delete_object(const s3_call& from);
answer<http::response> get_bucket_location(const s3_call& from);
answer<http::response> delete_objects(const s3_call& from);
// What PutObject is with x-amz-copy-source.
answer<http::response> copy_object(const s3_call& from);
answer<http::response> create_multipart_upload(const s3_call& from);
// UploadPartCopy too.
answer<http::response> upload_part(const s3_call& from);
answer<http::response> complete_multipart_upload(const s3_call& from);
answer<http::response> abort_multipart_upload(const s3_call& from);
answer<http::response> list_parts(const s3_call& from);
answer<http::response> list_multipart_uploads(const s3_call& from);

answer<http::response> run(const s3_call& from);

}  // namespace evergrass::cloud::objects

#include "cloud/objects/operations.hpp"

namespace evergrass::cloud::objects {

answer<http::response> run(const s3_call& from) {
    switch (from.what.what) {
        case s3_operation::list_buckets:
            return list_buckets(from);
        case s3_operation::create_bucket:
            return create_bucket(from);
        case s3_operation::head_bucket:
            return head_bucket(from);
        case s3_operation::delete_bucket:
            return delete_bucket(from);
        case s3_operation::get_bucket_location:
            return get_bucket_location(from);
        case s3_operation::delete_objects:
            return delete_objects(from);
        case s3_operation::create_multipart_upload:
            return create_multipart_upload(from);
        case s3_operation::upload_part:
            return upload_part(from);
        case s3_operation::complete_multipart_upload:
            return complete_multipart_upload(from);
        case s3_operation::abort_multipart_upload:
            return abort_multipart_upload(from);
        case s3_operation::list_parts:
            return list_parts(from);
        case s3_operation::list_multipart_uploads:
            return list_multipart_uploads(from);
        case s3_operation::list_objects:
        case s3_operation::list_objects_v2:
            return list_objects_v2(from);
        case s3_operation::put_object:
            return put_object(from);
        case s3_operation::get_object:
        case s3_operation::head_object:
            return get_object(from);
        case s3_operation::delete_object:
            return delete_object(from);
    }
    return api_error{405, "MethodNotAllowed", "The specified method is not allowed."};
}

}  // namespace evergrass::cloud::objects

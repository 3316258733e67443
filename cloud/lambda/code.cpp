#include "cloud/lambda/code.hpp"

#include "cloud/lambda/package.hpp"
#include "cloud/objects/object_store.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::lambda {
namespace {

api_error unusable(const error& why) {
    if (why.code == errc::too_large) {
        return invalid_parameter("The deployment package is too large: " + why.context + ".");
    }
    return invalid_parameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again. (" +
        why.context + ")");
}

answer<std::string> from_object(function_registry& in, const std::string& bucket,
                                const std::string& key, const json::object& code) {
    if (in.objects == nullptr) {
        return invalid_parameter("This service keeps no objects; send the code as ZipFile.");
    }
    if (string_member(code, "S3ObjectVersion")) {
        return invalid_parameter(
            "Objects of this service have no versions: leave S3ObjectVersion "
            "out.");
    }
    const auto failed = [&](const std::string& s3_code, const std::string& message) {
        return invalid_parameter("Error occurred while GetObject. S3 Error Code: " + s3_code +
                                 ". S3 Error Message: " + message);
    };
    const auto found = in.objects->find(bucket, key);
    if (!found) {
        return failed(found.error().code, found.error().message);
    }
    if (found->size > static_cast<std::int64_t>(max_zipped_bytes)) {
        return invalid_parameter("The deployment package is too large: it is over 50 MB.");
    }
    auto zip = in.objects->read(found->sha256, max_zipped_bytes);
    if (!zip) {
        return internal_error(zip.error());
    }
    return answer<std::string>(boost::system::in_place_value, std::move(*zip));
}

answer<std::string> sent_zip(function_registry& in, const json::object& code) {
    const auto text = string_member(code, "ZipFile");
    const auto bucket = string_member(code, "S3Bucket");
    const auto key = string_member(code, "S3Key");
    if (text && (bucket || key)) {
        return invalid_parameter(
            "Please do not provide other FunctionCode parameters when "
            "providing a ZipFile.");
    }
    if (bucket && key) {
        return from_object(in, *bucket, *key, code);
    }
    if (!text) {
        return invalid_parameter(
            "The function's code must be a ZipFile, or an object (S3Bucket and "
            "S3Key); images are not taken.");
    }
    auto zip = base64_decode(*text);
    if (!zip) {
        return invalid_parameter("ZipFile is not base64.");
    }
    return answer<std::string>(boost::system::in_place_value, std::move(*zip));
}

}  // namespace

answer<function_code> requested_code(function_registry& in, const json::object& code) {
    auto zip = sent_zip(in, code);
    if (!zip) {
        return zip.error();
    }
    if (auto checked = check_package(*zip); !checked) {
        return unusable(checked.error());
    }
    const auto digest = sha256(*zip);
    return function_code{std::move(*zip), hex_encode(digest), base64_encode(digest)};
}

std::optional<api_error> store_code(function_registry& in, const function_code& code) {
    return write(in, "lambda.store_code",
                 "INSERT OR IGNORE INTO blobs(sha256, content) VALUES(?1, ?2)",
                 {code.sha256_hex, db::blob{code.zip}});
}

}  // namespace evergrass::cloud::lambda

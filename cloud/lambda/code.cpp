#include "cloud/lambda/code.hpp"

#include "cloud/lambda/package.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::cloud::lambda {
namespace {

api_error unusable(const error& why) {
    if (why.code == errc::too_large) {
        return invalid_parameter("The deployment package is too large: " + why.context + ".");
    }
    return invalid_parameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again.");
}

}  // namespace

answer<function_code> requested_code(const json::object& code) {
    const auto text = string_member(code, "ZipFile");
    if (!text) {
        return invalid_parameter(
            "This service takes the function's code as ZipFile only, neither from S3 nor as an "
            "image.");
    }
    auto zip = base64_decode(*text);
    if (!zip) {
        return invalid_parameter("ZipFile is not base64.");
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

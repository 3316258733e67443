#pragma once

#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud::lambda {

struct function_code {
    std::string zip;
    std::string sha256_hex;     // key in `blobs`
    std::string sha256_base64;  // CodeSha256
};

// The package that `code` (CreateFunction's Code, or UpdateFunctionCode's input) carries as ZipFile
// or names as an object (S3Bucket, S3Key), checked by the rules that a core unpacks by.
answer<function_code> requested_code(function_registry& in, const json::object& code);

// Keeps the package, once for all functions that have it. Packages are not removed with their
// function: cores may still fetch them for a deployment made before.
std::optional<api_error> store_code(function_registry& in, const function_code& code);

}  // namespace evergrass::cloud::lambda

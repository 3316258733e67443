#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass {

// arn:partition:service:region:account:resource. Region and account may be empty, as in
// arn:aws:lambda:::function:GGIPDetector:1; the resource may hold more colons and slashes.
struct arn {
    std::string partition;
    std::string service;
    std::string region;
    std::string account;
    std::string resource;

    std::string to_string() const;
};

result<arn> parse_arn(std::string_view text);

// arn:…:lambda:region:account:function:name[:qualifier]; qualifier is a version number, an alias
// or $LATEST. System functions have an empty region and account (spec/lambda-ipc.md §3).
struct function_arn {
    std::string partition;
    std::string region;
    std::string account;
    std::string name;
    std::string qualifier;  // empty when the ARN has none

    std::string unqualified() const;
    std::string to_string() const;
};

result<function_arn> parse_function_arn(std::string_view text);

// "arn:aws:iot:r:a:thing/Name" -> "Name"; the error shows the form that is wanted.
result<std::string> thing_name_of(std::string_view thing_arn);
// "arn:aws:iot:r:a:cert/<64 hex>" -> the 64 hex digits, which are the SHA-256 of the DER.
result<std::string> certificate_id_of(std::string_view certificate_arn);

}  // namespace evergrass

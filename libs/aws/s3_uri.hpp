#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::aws {

struct object_name {
    std::string bucket;
    std::string key;
};

// 3 to 63 of a-z 0-9 . -, letter or digit at both ends, no two dots together.
bool is_bucket_name(std::string_view text);

// An object as the Greengrass API names it: s3://BUCKET/KEY, https://s3.REGION.amazonaws.com/
// BUCKET/KEY or https://BUCKET.s3.REGION.amazonaws.com/KEY (the region may be missing, or joined to
// `s3` by '-', as old samples have it). The error says which forms there are.
result<object_name> parse_s3_uri(std::string_view text);

}  // namespace evergrass::aws

#pragma once

#include <string>
#include <string_view>

namespace evergrass::cloud {

// AWS's partition of a region, which every ARN begins with: aws-cn for cn-…, aws-us-gov for
// us-gov-…, else aws.
std::string partition_of(std::string_view region);

}  // namespace evergrass::cloud

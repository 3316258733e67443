#include "cloud/store/partition.hpp"

namespace evergrass::cloud {

std::string partition_of(std::string_view region) {
    if (region.starts_with("cn-")) {
        return "aws-cn";
    }
    return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

}  // namespace evergrass::cloud

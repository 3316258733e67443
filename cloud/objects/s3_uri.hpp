#pragma once

#include "libs/aws/s3_uri.hpp"

namespace evergrass::cloud::objects {

using aws::is_bucket_name;
using aws::object_name;
using aws::parse_s3_uri;

}  // namespace evergrass::cloud::objects

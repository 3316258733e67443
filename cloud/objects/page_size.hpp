#pragma once

#include "cloud/objects/s3_request.hpp"

namespace evergrass::cloud::objects {

// A number from the query, at most 1000 and that when it is missing. InvalidArgument names it.
answer<std::int64_t> page_size(const s3_request& what, std::string_view parameter);
// Likewise one without a limit, 0 when it is missing.
answer<std::int64_t> number_of(const s3_request& what, std::string_view parameter);

}  // namespace evergrass::cloud::objects

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// What an access key may do; each role includes the ones before it (docs/access.md).
enum class access_role { read_only, operate, admin };

// "read-only", "operator", "admin".
std::string_view to_string(access_role role);
std::optional<access_role> parse_access_role(std::string_view text);

// The least role for an operation, `service` and `operation` as in models/ ("iot-data", "Publish";
// S3's own names for "s3"). What changes something and is not listed takes an admin, so that an
// operation that is new is not open by mistake.
access_role needed_role(std::string_view service, std::string_view operation);

// AWS's sentence for a caller who may not.
std::string not_authorized(std::string_view caller_arn, std::string_view service,
                           std::string_view operation);

}  // namespace evergrass::cloud

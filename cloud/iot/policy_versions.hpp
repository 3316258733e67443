#pragma once

#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

struct policy_version_record {
    std::int64_t version = 1;
    std::string document;
    std::int64_t created_at = 0;
};

// MalformedPolicyException, or nothing.
std::optional<api_error> check_policy_document(const std::string& document);

// By the text of the API; what is no number of a version names none: ResourceNotFoundException.
answer<policy_version_record> require_policy_version(registry& in, const std::string& policy,
                                                     const std::string& version);

std::optional<api_error> insert_policy_version(registry& in, const std::string& policy,
                                               std::int64_t version, const std::string& document);

}  // namespace evergrass::cloud::iot

#pragma once

#include "cloud/lambda/functions.hpp"

namespace evergrass::cloud::lambda {

// A function's resource policy: kept and shown, as tools expect; here every access key may invoke.
struct policy_record {
    json::array statements;
    std::string revision_id;
};

// nullopt: it has none. `wanted.qualifier` empty: the function's own.
answer<std::optional<policy_record>> find_policy(function_registry& in,
                                                 const function_reference& wanted);
// Without statements the policy is gone.
std::optional<api_error> write_policy(function_registry& in, const function_reference& wanted,
                                      const json::array& statements);
// An error when the call's RevisionId is another's.
std::optional<api_error> check_policy_revision(const call& from,
                                               const std::optional<policy_record>& policy);

}  // namespace evergrass::cloud::lambda

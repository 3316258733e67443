#include "cloud/lambda/operations.hpp"
#include "cloud/lambda/policies.hpp"

namespace evergrass::cloud::lambda {

api_result get_policy(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = in.state.db().lock();
    if (const auto there = require_qualified(in, *wanted); !there) {
        return there.error();
    }
    const auto policy = find_policy(in, *wanted);
    if (!policy) {
        return policy.error();
    }
    if (!*policy) {
        return resource_not_found("The resource you requested does not exist.");
    }
    const json::object document{
        {"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", (*policy)->statements}};
    return reply{{{"Policy", json::serialize(document)}, {"RevisionId", (*policy)->revision_id}}};
}

}  // namespace evergrass::cloud::lambda

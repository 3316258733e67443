#include "cloud/gateway/client_tokens.hpp"
#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"
#include "cloud/objects/object_store.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "cloud/objects/upstream_objects.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/random.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

api_error bad_request(std::string message) {
    return {400, "BadRequestException", std::move(message)};
}

std::optional<api_error> wrong_role(const std::string& role) {
    const auto named = parse_arn(role);
    if (named && named->service == "iam" && named->resource.starts_with("role/")) {
        return std::nullopt;
    }
    return bad_request("ExecutionRoleArn '" + role +
                       "' is not the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME).");
}

answer<objects::brought_object> find_input(greengrass_services& in,
                                           const objects::object_name& named) {
    if (in.upstream_objects != nullptr) {
        return in.upstream_objects->bring(named.bucket, named.key,
                                          static_cast<std::int64_t>(largest_bulk_input));
    }
    auto found = in.objects->find(named.bucket, named.key);
    if (!found) {
        return found.error();
    }
    return objects::brought_object{std::move(found->sha256), found->size};
}

// The input as it is now; what the object becomes later doesn't matter. The caller does not hold
// the store's lock.
answer<objects::brought_object> input_object(greengrass_services& in, const std::string& uri) {
    const auto named = objects::parse_s3_uri(uri);
    if (!named) {
        return bad_request("InputFileUri: " + named.error().context + ".");
    }
    if (in.objects == nullptr) {
        return bad_request("InputFileUri: this service has no objects.");
    }
    auto found = find_input(in, *named);
    if (!found && found.error().status < 500) {
        return bad_request("InputFileUri '" + uri + "': " + found.error().message +
                           ". Put the file there first (s3 PutObject).");
    }
    if (found && static_cast<std::size_t>(found->size) >= largest_bulk_input) {
        return bad_request("InputFileUri '" + uri + "': the file must be less than 100 MB.");
    }
    return found;
}

result<void> insert(greengrass_services& in, const bulk_deployment& made,
                    const json::object* tags) {
    auto inserted = insert_bulk(in.state, made);
    return inserted && tags != nullptr ? set_tags(in.state, bulk_arn(in.identity, made.id), *tags)
                                       : inserted;
}

api_result start(greengrass_services& in, const call& from, bulk_deployment made) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto active = active_bulk(in.state);
        if (!active) {
            return internal_error(active.error());
        }
        if (*active) {
            return api_error{400, "ConcurrentDeployment",
                             "Concurrent Deployment Error: bulk deployment " + (*active)->id +
                                 " is " + (*active)->status +
                                 "; wait until it has ended, or stop it (StopBulkDeployment)."};
        }
        const auto inserted = insert(in, made, object_member(from.input, "tags"));
        if (!inserted) {
            return internal_error(inserted.error());
        }
        in.bulk_changed();
        return reply{
            {{"BulkDeploymentId", made.id}, {"BulkDeploymentArn", bulk_arn(in.identity, made.id)}}};
    });
}

}  // namespace

// It sees to its token itself: the input may be elsewhere, and is looked for before a transaction
// begins.
api_result start_bulk_deployment(greengrass_services& in, const call& from) {
    bulk_deployment made;
    made.id = uuid_v4();
    made.status = "Initializing";
    made.input_uri = required_text(from, "InputFileUri");
    made.role_arn = required_text(from, "ExecutionRoleArn");
    made.created_at = now_milliseconds(in);
    if (auto refused = wrong_role(made.role_arn)) {
        return *refused;
    }
    auto input = input_object(in, made.input_uri);
    if (!input) {
        return input.error();
    }
    made.input_sha256 = std::move(input->sha256);
    return once_per_token(in.state, "StartBulkDeployment", from, in.time.now(),
                          [&](const call& each) { return start(in, each, made); });
}

}  // namespace evergrass::cloud::greengrass

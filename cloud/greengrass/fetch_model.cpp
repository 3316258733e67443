#include "cloud/greengrass/deliver_models.hpp"
#include "cloud/greengrass/fetch_upstream.hpp"
#include "cloud/objects/s3_uri.hpp"

namespace evergrass::cloud::greengrass {

answer<void> fetch_model(greengrass_services& in, const std::string& uri, upstream_finds& into) {
    const auto named = objects::parse_s3_uri(uri);
    if (!named) {
        into.faults.push_back(
            {"InvalidModelUri", "'" + uri + "' is not an object: " + named.error().context + "."});
        return {};
    }
    auto brought = in.upstream_objects->bring(named->bucket, named->key, largest_model);
    if (brought) {
        into.models->emplace(uri, std::move(*brought));
        return {};
    }
    const auto& refused = brought.error();
    if (refused.code == internal_failure) {
        return refused;
    }
    if (refused.status >= 500) {
        return upstream_unreachable(refused.message);
    }
    into.faults.push_back({refused.code == "EntityTooLarge" ? "ModelTooLarge"
                           : refused.code == "NoSuchKey"    ? "ModelNotFound"
                                                            : "ModelRefused",
                           "The group refers to a model that cannot be had: " + refused.message +
                               "; mend that and deploy again."});
    return {};
}

}  // namespace evergrass::cloud::greengrass

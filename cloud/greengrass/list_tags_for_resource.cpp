#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

api_result list_tags_for_resource(greengrass_services& in, const call& from) {
    const auto arn = required_text(from, "ResourceArn");
    const auto hold = in.state.db().lock();
    if (auto refused = check_taggable(in, arn)) {
        return *refused;
    }
    auto tags = tags_of(in.state, arn);
    if (!tags) {
        return internal_error(tags.error());
    }
    json::object output;
    output["tags"] = std::move(*tags);
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass

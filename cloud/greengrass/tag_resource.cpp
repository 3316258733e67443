#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

namespace evergrass::cloud::greengrass {

api_result tag_resource(greengrass_services& in, const call& from) {
    const auto arn = required_text(from, "ResourceArn");
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_taggable(in, arn)) {
            return *refused;
        }
        if (const auto* tags = object_member(from.input, "tags")) {
            const auto set = set_tags(in.state, arn, *tags);
            if (!set) {
                return internal_error(set.error());
            }
        }
        return reply{{}, 204};
    });
}

}  // namespace evergrass::cloud::greengrass

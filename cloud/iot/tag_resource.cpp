#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"

namespace evergrass::cloud::iot {

api_result tag_resource(registry& in, const call& from) {
    const auto arn = required_text(from, "resourceArn");
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_taggable(in, arn)) {
            return *refused;
        }
        if (auto refused = add_tags(in, arn, array_member(from.input, "tags"))) {
            return *refused;
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot

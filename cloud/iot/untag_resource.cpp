#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {

// Keys that it doesn't have are gone already.
api_result untag_resource(registry& in, const call& from) {
    const auto arn = required_text(from, "resourceArn");
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_taggable(in, arn)) {
            return *refused;
        }
        const auto* const keys = array_member(from.input, "tagKeys");
        for (std::size_t i = 0; keys != nullptr && i < keys->size(); ++i) {
            const auto* const key = (*keys)[i].if_string();
            if (key == nullptr) {
                continue;
            }
            if (auto dropped = drop_tag(in.state, arn, *key); !dropped) {
                return internal_error(dropped.error());
            }
        }
        return reply{};
    });
}

}  // namespace evergrass::cloud::iot

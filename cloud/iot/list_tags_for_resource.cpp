#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::iot {

// All of them: there are 50 at most.
api_result list_tags_for_resource(registry& in, const call& from) {
    const auto arn = required_text(from, "resourceArn");
    const auto hold = in.state.db().lock();
    if (auto refused = check_taggable(in, arn)) {
        return *refused;
    }
    const auto tags = tags_of(in.state, arn);
    if (!tags) {
        return internal_error(tags.error());
    }
    return reply{{{"tags", tags_as_list(*tags)}}};
}

}  // namespace evergrass::cloud::iot

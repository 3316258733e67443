#include "cloud/iot/operations.hpp"
#include "cloud/iot/thing_types.hpp"

namespace evergrass::cloud::iot {

api_result describe_thing_type(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto found = require_thing_type(in, required_text(from, "thingTypeName"));
    if (!found) {
        return found.error();
    }
    return reply{{{"thingTypeName", found->name},
                  {"thingTypeId", found->id},
                  {"thingTypeArn", thing_type_arn(in, found->name)},
                  {"thingTypeProperties", found->properties},
                  {"thingTypeMetadata", thing_type_metadata(*found)}}};
}

}  // namespace evergrass::cloud::iot

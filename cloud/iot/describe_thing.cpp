#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"

namespace evergrass::cloud::iot {

api_result describe_thing(registry& in, const call& from) {
    const auto hold = in.state.db().lock();
    const auto thing = require_thing(in, required_text(from, "thingName"));
    if (!thing) {
        return thing.error();
    }
    json::object output = {{"defaultClientId", thing->name},
                           {"thingName", thing->name},
                           {"thingId", thing->id},
                           {"thingArn", thing_arn(in, thing->name)},
                           {"attributes", thing->attributes},
                           {"version", thing->version}};
    if (thing->type_name) {
        output["thingTypeName"] = *thing->type_name;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot

#include "cloud/iot/listing.hpp"
#include "cloud/iot/operations.hpp"

namespace evergrass::cloud::iot {

api_result list_thing_principals(registry& in, const call& from) {
    const auto name = required_text(from, "thingName");
    const auto hold = in.state.db().lock();
    const auto thing = find_thing(in, name);
    if (!thing) {
        return thing.error();
    }
    if (!*thing) {
        return resource_not_found("Failed to list principals for thing " + name +
                                  " because the thing does not exist in your account");
    }
    listing wanted;
    wanted.statement = "iot.list_thing_principals";
    wanted.rows = "SELECT certificate_id AS key FROM thing_certificates WHERE thing = ?3";
    wanted.bound = {name};
    wanted.member = "principals";
    wanted.item = [&in](const db::row& row) {
        return json::value(certificate_arn(in, row.text(0)));
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::iot

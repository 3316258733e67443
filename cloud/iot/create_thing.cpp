#include "cloud/iot/operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/iot/thing_attributes.hpp"
#include "cloud/iot/thing_types.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::iot {
namespace {

reply described(const registry& in, std::string_view name, std::string_view id) {
    return {{{"thingName", name}, {"thingArn", thing_arn(in, name)}, {"thingId", id}}};
}

}  // namespace

// The same name with the same type and attributes answers as before.
api_result create_thing(registry& in, const call& from) {
    const auto name = required_text(from, "thingName");
    const auto type = string_member(from.input, "thingTypeName");
    auto attributes = apply_attributes({}, from.input);
    if (!attributes) {
        return attributes.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_thing(in, name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            const auto& old = **found;
            if (old.type_name == type && old.attributes == *attributes) {
                return described(in, name, old.id);
            }
            return api_error{409,
                             "ResourceAlreadyExistsException",
                             "Thing " + name + " already exists in account " + in.identity.account +
                                 " with different attributes.",
                             {{"resourceId", name}, {"resourceArn", thing_arn(in, name)}}};
        }
        if (type) {
            if (auto refused = check_type_of_thing(in, *type)) {
                return *refused;
            }
        }
        const auto id = uuid_v4();
        if (auto failed = write(in, "iot.create_thing",
                                "INSERT INTO things(name, id, type_name, attributes, created_at)"
                                " VALUES(?1, ?2, ?3, ?4, ?5)",
                                {name, id, text_or_null(type), json::serialize(*attributes),
                                 now_milliseconds(in)})) {
            return *failed;
        }
        return described(in, name, id);
    });
}

}  // namespace evergrass::cloud::iot

#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"
#include "cloud/iot/thing_types.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::iot {
namespace {

// AWS's quota.
constexpr std::size_t most_searchable_attributes = 3;

reply described_type(const registry& in, std::string_view name, std::string_view id) {
    return {
        {{"thingTypeName", name}, {"thingTypeArn", thing_type_arn(in, name)}, {"thingTypeId", id}}};
}

}  // namespace

// The same name with the same properties answers as before.
api_result create_thing_type(registry& in, const call& from) {
    const auto name = required_text(from, "thingTypeName");
    const auto* const given = object_member(from.input, "thingTypeProperties");
    const auto properties = given != nullptr ? *given : json::object();
    const auto* const searchable = array_member(properties, "searchableAttributes");
    if (searchable != nullptr && searchable->size() > most_searchable_attributes) {
        return invalid_request("A thing type has at most 3 searchableAttributes.");
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto found = find_thing_type(in, name);
        if (!found) {
            return found.error();
        }
        if (*found) {
            if ((*found)->properties == properties) {
                return described_type(in, name, (*found)->id);
            }
            return api_error{
                409,
                "ResourceAlreadyExistsException",
                "Thing type " + name + " already exists in account " + in.identity.account +
                    " with other properties.",
                {{"resourceId", (*found)->id}, {"resourceArn", thing_type_arn(in, name)}}};
        }
        const auto id = uuid_v4();
        if (auto failed = write(in, "iot.create_thing_type",
                                "INSERT INTO thing_types(name, id, properties, created_at)"
                                " VALUES(?1, ?2, ?3, ?4)",
                                {name, id, json::serialize(properties), now_milliseconds(in)})) {
            return *failed;
        }
        if (auto refused =
                add_tags(in, thing_type_arn(in, name), array_member(from.input, "tags"))) {
            return *refused;
        }
        return described_type(in, name, id);
    });
}

}  // namespace evergrass::cloud::iot

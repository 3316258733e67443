#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/group_authority.hpp"
#include "cloud/greengrass/group_references.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

struct wanted_group {
    std::string name;
    json::object content;
    json::object tags;
    std::string authority_key;
};

result<definition> make(greengrass_services& in, wanted_group wanted) {
    const auto kind = group_family().kind;
    auto made = insert_definition(in, kind, wanted.name);
    if (!made) {
        return made;
    }
    auto version = insert_version(in, kind, *made, std::move(wanted.content));
    if (!version) {
        return version.error();
    }
    auto authority = insert_group_authority(in, made->id, std::move(wanted.authority_key));
    if (!authority) {
        return authority.error();
    }
    auto tagged = set_tags(in.state, definition_arn(in.identity, kind, made->id), wanted.tags);
    if (!tagged) {
        return tagged.error();
    }
    return made;
}

}  // namespace

// A group has a version from the start, empty when none was given, and its certificate authority.
api_result create_group(greengrass_services& in, const call& from) {
    wanted_group wanted{required_text(from, "Name"), {}, {}, {}};
    if (wanted.name.empty()) {
        return invalid_container("Group name is missing in the input");
    }
    if (const auto* initial = object_member(from.input, "InitialVersion")) {
        wanted.content = version_content(group_family(), *initial);
    }
    if (const auto* tags = object_member(from.input, "tags")) {
        wanted.tags = *tags;
    }
    wanted.authority_key = in.new_rsa_key();  // slow, so before the store is locked
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_references(in, wanted.content)) {
            return *refused;
        }
        const auto made = make(in, std::move(wanted));
        if (!made) {
            return internal_error(made.error());
        }
        return reply{describe(in.identity, group_family().kind, *made), 201};
    });
}

}  // namespace evergrass::cloud::greengrass

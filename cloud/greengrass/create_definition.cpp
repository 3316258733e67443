#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

struct wanted_definition {
    std::optional<std::string> name;
    std::optional<json::object> content;
    json::object tags;
};

result<definition> make(greengrass_services& in, std::string_view kind, wanted_definition wanted) {
    auto made = insert_definition(in, kind, wanted.name);
    if (!made) {
        return made;
    }
    if (wanted.content) {
        auto version = insert_version(in, kind, *made, std::move(*wanted.content));
        if (!version) {
            return version.error();
        }
    }
    auto tagged = set_tags(in.state, definition_arn(in.identity, kind, made->id), wanted.tags);
    if (!tagged) {
        return tagged.error();
    }
    return made;
}

}  // namespace

// CreateCoreDefinition, CreateDeviceDefinition …
api_result create_definition(greengrass_services& in, const definition_family& family,
                             const call& from) {
    wanted_definition wanted{string_member(from.input, "Name"), std::nullopt, {}};
    if (const auto* initial = object_member(from.input, "InitialVersion")) {
        wanted.content = version_content(family, *initial);
        if (auto refused = family.check(*wanted.content)) {
            return *refused;
        }
    }
    if (const auto* tags = object_member(from.input, "tags")) {
        wanted.tags = *tags;
    }
    return in_transaction(in.state, [&]() -> api_result {
        const auto made = make(in, family.kind, std::move(wanted));
        if (!made) {
            return internal_error(made.error());
        }
        return reply{describe(in.identity, family.kind, *made), 201};
    });
}

}  // namespace evergrass::cloud::greengrass

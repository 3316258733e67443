#include "cloud/greengrass/group_contents.hpp"

#include "cloud/greengrass/element_checks.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {

group_contents group_contents::load(greengrass_services& in, const definition& group,
                                    const definition_version& version, build_log& log) {
    group_contents loaded;
    loaded.group_ = group;
    loaded.version_ = version.version;
    for (const auto& family : definition_families()) {
        const auto arn = string_member(version.content, family.reference_member());
        if (!arn) {
            continue;
        }
        const auto reference = parse_reference(in.identity, *arn);
        if (!reference) {
            log.fault("InvalidReference", "'" + *arn + "' is not the ARN of a definition version.");
            continue;
        }
        auto found = find_version(in.state, family.kind, reference->id, reference->version);
        if (!log.read(found)) {
            continue;
        }
        if (!*found) {
            log.fault("DefinitionDeleted",
                      "The definition version " + *arn +
                          " was deleted; create a group version that refers to one that exists.");
            continue;
        }
        loaded.content_by_kind_.emplace(family.kind, std::move((*found)->content));
    }
    return loaded;
}

std::vector<const json::object*> group_contents::elements(std::string_view kind) const {
    const auto found = content_by_kind_.find(kind);
    if (found == content_by_kind_.end()) {
        return {};
    }
    return elements_of(found->second, family_of(kind).list);
}

json::object group_contents::default_execution() const {
    const auto found = content_by_kind_.find("functions");
    if (found == content_by_kind_.end()) {
        return {};
    }
    const auto* defaults = object_member(found->second, "DefaultConfig");
    const auto* execution = defaults ? object_member(*defaults, "Execution") : nullptr;
    return execution != nullptr ? *execution : json::object();
}

}  // namespace evergrass::cloud::greengrass

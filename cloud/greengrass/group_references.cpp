#include "cloud/greengrass/group_references.hpp"

#include "cloud/greengrass/definitions.hpp"

namespace evergrass::cloud::greengrass {
namespace {

// V1's words, singular and plural as it mixed them.
std::string_view shown_name(const definition_family& family) {
    if (family.kind == "cores") {
        return "Cores";
    }
    if (family.kind == "functions") {
        return "Lambda";
    }
    return family.kind == "devices" ? "Devices" : family.name;
}

}  // namespace

std::optional<api_error> check_references(greengrass_services& in, const json::object& content) {
    std::vector<std::string> faults;
    for (const auto& family : definition_families()) {
        const auto arn = string_member(content, family.reference_member());
        if (!arn) {
            continue;
        }
        const auto reference = parse_reference(in.identity, *arn);
        bool exists = false;
        if (reference && reference->kind == family.kind) {
            const auto found =
                find_version(in.state, family.kind, reference->id, reference->version);
            if (!found) {
                return internal_error(found.error());
            }
            exists = found->has_value();
        }
        if (!exists) {
            faults.push_back(std::string(shown_name(family)) +
                             " definition reference does not exist");
        }
    }
    if (faults.empty()) {
        return std::nullopt;
    }
    return invalid_definition("The group is invalid or corrupted.", faults);
}

}  // namespace evergrass::cloud::greengrass

#include "cloud/greengrass/tags.hpp"

#include "cloud/greengrass/bulk_deployments.hpp"
#include "cloud/greengrass/definitions.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

template <class Row>
result<bool> exists(const result<std::optional<Row>>& found) {
    if (!found) {
        return found.error();
    }
    return found->has_value();
}

}  // namespace

std::optional<api_error> check_taggable(greengrass_services& in, std::string_view arn) {
    const auto reference = parse_reference(in.identity, arn);
    const auto bulk = parse_bulk_arn(in.identity, arn);
    if (!bulk && (!reference || !reference->version.empty())) {
        return api_error{400, "BadRequestException",
                         "'" + std::string(arn) +
                             "' is not the ARN of a group, definition or bulk deployment of this "
                             "account and region"};
    }
    const auto there = bulk ? exists(find_bulk(in.state, *bulk))
                            : exists(find_definition(in.state, reference->kind, reference->id));
    if (!there) {
        return internal_error(there.error());
    }
    if (!*there) {
        return id_not_found("The resource " + std::string(arn) + " does not exist.");
    }
    return std::nullopt;
}

}  // namespace evergrass::cloud::greengrass

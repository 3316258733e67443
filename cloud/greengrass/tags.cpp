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

result<void> set_tags(store& state, std::string_view arn, const json::object& tags) {
    for (const auto& tag : tags) {
        if (!tag.value().is_string()) {
            continue;  // the model has no other kind
        }
        auto written = state.db().run(
            "greengrass.set_tag",
            "INSERT INTO tags(arn, key, value) VALUES(?1, ?2, ?3)"
            " ON CONFLICT(arn, key) DO UPDATE SET value = ?3",
            {std::string(arn), std::string(tag.key()), std::string(tag.value().get_string())});
        if (!written) {
            return written;
        }
    }
    return {};
}

result<json::object> tags_of(store& state, std::string_view arn) {
    json::object tags;
    auto read = state.db().query(
        "greengrass.tags_of", "SELECT key, value FROM tags WHERE arn = ?1 ORDER BY key",
        {std::string(arn)}, [&](const db::row& row) { tags[row.text(0)] = row.text(1); });
    if (!read) {
        return read.error();
    }
    return tags;
}

result<void> drop_tags(store& state, std::string_view arn) {
    return state.db().run("greengrass.drop_tags", "DELETE FROM tags WHERE arn = ?1",
                          {std::string(arn)});
}

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

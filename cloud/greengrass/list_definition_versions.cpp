#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {

// ListCoreDefinitionVersions … and ListGroupVersions: newest first.
api_result list_definition_versions(greengrass_services& in, const definition_family& family,
                                    const call& from) {
    const auto page = requested_page(from, greengrass_paging);
    if (!page) {
        return page.error();
    }
    const auto before = number_before(page->after);
    if (!before) {
        return bad_token();
    }
    const auto id = required_text(from, family.id_member());
    const auto hold = in.state.db().lock();
    const auto owner = require_definition(in.state, family, id, family.missing);
    if (!owner) {
        return owner.error();
    }
    std::vector<definition_version> rows;
    const auto read = in.state.db().query(
        "greengrass.list_versions",
        "SELECT definition_id, version, ordinal, created_at FROM definition_versions"
        " WHERE kind = ?1 AND definition_id = ?2 AND ordinal < ?3"
        " ORDER BY ordinal DESC LIMIT ?4",
        {std::string(family.kind), id, *before, page->rows_to_read()}, [&](const db::row& row) {
            rows.push_back({row.text(0), row.text(1), row.integer(2), {}, row.integer(3)});
        });
    if (!read) {
        return internal_error(read.error());
    }
    const auto next =
        cut_to_page(rows, *page, [](const auto& row) { return std::to_string(row.ordinal); });
    json::array items;
    for (const auto& row : rows) {
        items.emplace_back(describe(in.identity, family.kind, row));
    }
    json::object output{{"Versions", std::move(items)}};
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass

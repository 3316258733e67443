#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"
#include "cloud/greengrass/tags.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

// Where a page begins: behind this age and id, newest first.
struct position {
    std::int64_t created_at = std::numeric_limits<std::int64_t>::max();
    std::string id;
};

std::string key_of(const definition& row) {
    return std::to_string(row.created_at) + "/" + row.id;
}

std::optional<position> position_of(const std::string& key) {
    position at;
    if (key.empty()) {
        return at;
    }
    const auto slash = key.find('/');
    const auto* end = key.data() + std::min(slash, key.size());
    const auto [stop, code] = std::from_chars(key.data(), end, at.created_at);
    if (slash == std::string::npos || code != std::errc() || stop != end) {
        return std::nullopt;
    }
    at.id = key.substr(slash + 1);
    return at;
}

result<std::vector<definition>> rows_after(store& state, std::string_view kind,
                                           const position& after, std::int64_t count) {
    std::vector<definition> rows;
    auto read = state.db().query(
        "greengrass.list_definitions",
        "SELECT id, name, latest_version, created_at, updated_at FROM definitions"
        " WHERE kind = ?1 AND (created_at, id) < (?2, ?3)"
        " ORDER BY created_at DESC, id DESC LIMIT ?4",
        {std::string(kind), after.created_at, after.id, count}, [&](const db::row& row) {
            rows.push_back({row.text(0), text_or_nothing(row, 1), text_or_nothing(row, 2),
                            row.integer(3), row.integer(4)});
        });
    if (!read) {
        return read.error();
    }
    return rows;
}

}  // namespace

// ListCoreDefinitions … and ListGroups: newest first.
api_result list_definitions(greengrass_services& in, const definition_family& family,
                            const call& from) {
    const auto page = requested_page(from, greengrass_paging);
    if (!page) {
        return page.error();
    }
    const auto after = position_of(page->after);
    if (!after) {
        return bad_token();
    }
    const auto hold = in.state.db().lock();
    auto rows = rows_after(in.state, family.kind, *after, page->rows_to_read());
    if (!rows) {
        return internal_error(rows.error());
    }
    const auto next = cut_to_page(*rows, *page, key_of);
    json::array items;
    for (const auto& row : *rows) {
        auto item = describe(in.identity, family.kind, row);
        if (!family.is_group()) {  // the model has no tags in a list of groups
            auto tags = tags_of(in.state, definition_arn(in.identity, family.kind, row.id));
            if (!tags) {
                return internal_error(tags.error());
            }
            item["tags"] = std::move(*tags);
        }
        items.emplace_back(std::move(item));
    }
    json::object output;
    output[family.is_group() ? "Groups" : "Definitions"] = std::move(items);
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass

#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/storage_ptr.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

// What an item takes of a list's memory: the members of a definition and their table.
constexpr std::size_t bytes_of_item = 1'024;

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

// As an item has them, by the definition's id; one statement for the page.
using tags_by_id = std::map<std::string, json::object, std::less<>>;

result<tags_by_id> tags_of_page(greengrass_services& in, std::string_view kind,
                                const std::vector<definition>& page) {
    tags_by_id found;
    if (page.empty()) {
        return found;
    }
    const auto& newest = page.front();
    const auto& oldest = page.back();
    const auto read = in.state.db().query(
        "greengrass.list_tags",
        "SELECT d.id, t.key, t.value FROM definitions AS d JOIN tags AS t ON t.arn = ?1 || d.id"
        " WHERE d.kind = ?2 AND (d.created_at, d.id) <= (?3, ?4)"
        " AND (d.created_at, d.id) >= (?5, ?6) ORDER BY d.id, t.key",
        {definition_arn(in.identity, kind, ""), std::string(kind), newest.created_at, newest.id,
         oldest.created_at, oldest.id},
        [&](const db::row& row) { found[row.text(0)][row.text(1)] = row.text(2); });
    if (!read) {
        return read.error();
    }
    return found;
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
    auto hold = in.state.db().lock();
    auto rows = rows_after(in.state, family.kind, *after, page->rows_to_read());
    if (!rows) {
        return internal_error(rows.error());
    }
    const auto next = cut_to_page(*rows, *page, key_of);
    // The model has no tags in a list of groups.
    auto tags =
        family.is_group() ? result<tags_by_id>(tags_by_id()) : tags_of_page(in, family.kind, *rows);
    if (!tags) {
        return internal_error(tags.error());
    }
    hold.unlock();
    const auto memory =
        json::make_shared_resource<json::monotonic_resource>(bytes_of_item * (rows->size() + 1));
    json::array items(memory);
    items.reserve(rows->size());
    for (const auto& row : *rows) {
        auto item = describe(in.identity, family.kind, row, memory);
        if (!family.is_group()) {
            item["tags"] = std::move((*tags)[row.id]);
        }
        items.emplace_back(std::move(item));
    }
    json::object output(memory);
    output[family.is_group() ? "Groups" : "Definitions"] = std::move(items);
    if (next) {
        output["NextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::greengrass

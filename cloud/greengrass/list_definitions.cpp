#include "cloud/gateway/paging.hpp"
#include "cloud/greengrass/definitions.hpp"
#include "cloud/greengrass/operations.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t bytes_of_item = 512;  // most are shorter

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

// Whether it is its own text in JSON; what is stored is UTF-8.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\' && c != 127;
    });
}

void append_plain(std::string& out, std::string_view name, std::string_view text) {
    out.append(name).append("\"").append(text).append("\"");
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    if (is_plain(text)) {
        append_plain(out, name, text);
    } else {
        out.append(name).append(json::serialize(json::string(text)));
    }
}

// As describe(), without the brace at the end. In text, because a tree of values costs several
// times what the page's rows do.
void append_item(std::string& out, const service_identity& identity, std::string_view kind,
                 const std::string& arn_prefix, const definition& row) {
    // Ids are ours, but for those that were adopted.
    if (!is_plain(row.id) || (row.latest_version && !is_plain(*row.latest_version))) {
        out.append(json::serialize(describe(identity, kind, row)));
        out.pop_back();
        return;
    }
    out.append(R"({"Arn":")").append(arn_prefix).append(row.id).append("\"");
    append_plain(out, R"(,"Id":)", row.id);
    append_plain(out, R"(,"CreationTimestamp":)", as_timestamp(row.created_at));
    append_plain(out, R"(,"LastUpdatedTimestamp":)", as_timestamp(row.updated_at));
    if (row.name) {
        append_member(out, R"(,"Name":)", *row.name);
    }
    if (row.latest_version) {
        append_plain(out, R"(,"LatestVersion":)", *row.latest_version);
        out.append(R"(,"LatestVersionArn":")").append(arn_prefix).append(row.id);
        out.append("/versions/").append(*row.latest_version).append("\"");
    }
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
    const auto prefix = definition_arn(in.identity, family.kind, "");
    reply listed;
    auto& out = listed.payload;
    out.reserve(bytes_of_item * (rows->size() + 1));
    out.append(family.is_group() ? R"({"Groups":[)" : R"({"Definitions":[)");
    for (const auto& row : *rows) {
        append_item(out, in.identity, family.kind, prefix, row);
        if (!family.is_group()) {
            out.append(R"(,"tags":)").append(json::serialize((*tags)[row.id]));
        }
        out.append(&row == &rows->back() ? "}" : "},");
    }
    out += ']';
    if (next) {
        append_member(out, R"(,"NextToken":)", *next);
    }
    out += '}';
    return listed;
}

}  // namespace evergrass::cloud::greengrass

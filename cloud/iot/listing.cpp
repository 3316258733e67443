#include "cloud/iot/listing.hpp"

#include "cloud/gateway/paging.hpp"

#include <utility>

namespace evergrass::cloud::iot {
namespace {

bool is_descending(const call& from, const listing& wanted) {
    return wanted.newest_first && !bool_member(from.input, "ascendingOrder").value_or(false);
}

}  // namespace

api_result list_page(registry& in, const call& from, const listing& wanted) {
    const bool markers = wanted.names == paging_names::marker;
    auto page = requested_page(from, markers ? iot_marker_paging : iot_paging);
    if (!page) {
        return page.error();
    }
    const bool descending = is_descending(from, wanted);
    if (descending && page->after.empty()) {
        page->after = "\x7f";  // keys are in ASCII: none is above this one
    }
    const std::string order = descending ? "< ?1 ORDER BY key DESC" : "> ?1 ORDER BY key";
    const auto sql =
        "SELECT * FROM (" + std::string(wanted.rows) + ") WHERE key " + order + " LIMIT ?2";
    const auto name = std::string(wanted.statement) + (descending ? ".newest" : "");
    std::vector<db::value> bound = {page->after, page->rows_to_read()};
    bound.insert(bound.end(), wanted.bound.begin(), wanted.bound.end());

    std::vector<std::pair<std::string, json::value>> rows;
    const auto hold = in.state.db().lock();
    const auto read = in.state.db().query(name, sql, bound, [&](const db::row& row) {
        rows.emplace_back(row.text(0), wanted.item(row));
    });
    if (!read) {
        return internal_error(read.error());
    }
    const auto next = cut_to_page(rows, *page, [](const auto& row) { return row.first; });
    json::array items;
    for (auto& row : rows) {
        items.push_back(std::move(row.second));
    }
    json::object output;
    output[wanted.member] = std::move(items);
    if (next) {
        output[markers ? "nextMarker" : "nextToken"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iot

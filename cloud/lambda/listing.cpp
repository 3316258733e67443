#include "cloud/lambda/listing.hpp"

#include "cloud/gateway/paging.hpp"

#include <utility>

namespace evergrass::cloud::lambda {

api_result list_page(function_registry& in, const call& from, const listing& wanted) {
    const auto page = requested_page(from, lambda_paging);
    if (!page) {
        return page.error();
    }
    const auto sql =
        "SELECT * FROM (" + std::string(wanted.rows) + ") WHERE key > ?1 ORDER BY key LIMIT ?2";
    std::vector<db::value> bound = {page->after, page->rows_to_read()};
    bound.insert(bound.end(), wanted.bound.begin(), wanted.bound.end());
    std::vector<std::pair<std::string, json::value>> rows;
    const auto hold = in.state.db().lock();
    const auto read = in.state.db().query(wanted.statement, sql, bound, [&](const db::row& row) {
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
        output["NextMarker"] = *next;
    }
    return reply{std::move(output)};
}

function_record read_function(const db::row& row, int first) {
    const auto configuration = parse_json(row.text(first + 2));
    function_record function;
    function.name = row.text(first);
    function.version = row.integer(first + 1);
    if (configuration && configuration->is_object()) {
        function.configuration = configuration->get_object();
    }
    function.code_size = row.integer(first + 3);
    function.revision_id = row.text(first + 4);
    function.modified_at = row.integer(first + 5);
    return function;
}

}  // namespace evergrass::cloud::lambda

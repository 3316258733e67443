#pragma once

#include "cloud/gateway/transaction.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Lists in pages, alike for every service. A list is ordered by a key of its rows; a page starts
// behind the key that the token carries, so rows that come or go meanwhile neither repeat nor hide
// others. In an operation:
//
//     const auto page = requested_page(from, greengrass_paging);      // an error: return it
//     … SELECT … WHERE id > ?1 ORDER BY id LIMIT ?2   with page->after and page->rows_to_read()
//     const auto next = cut_to_page(rows, *page, [](const row& r) { return r.id; });
//     if (next) output["NextToken"] = *next;
namespace evergrass::cloud {

// How a service spells paging.
struct paging_style {
    std::string_view size_member;
    std::string_view token_member;
    std::string_view error_code;  // for a size or token that is wrong
    std::size_t default_size;
    std::size_t largest_size;  // a larger wish gets pages of this size
};

inline constexpr paging_style greengrass_paging{"MaxResults", "NextToken", "BadRequestException",
                                                50, 200};
inline constexpr paging_style iot_paging{"maxResults", "nextToken", "InvalidRequestException", 50,
                                         250};
// IoT's older lists: `pageSize` and `marker`, answered with `nextMarker`.
inline constexpr paging_style iot_marker_paging{"pageSize", "marker", "InvalidRequestException", 25,
                                                250};
inline constexpr paging_style lambda_paging{"MaxItems", "Marker", "InvalidParameterValueException",
                                            50, 50};

struct page {
    std::size_t size = 50;
    std::string after;  // the key of the last row of the page before; empty: from the start

    // One more than the page holds tells whether another page follows.
    std::int64_t rows_to_read() const { return static_cast<std::int64_t>(size) + 1; }
};

// Reads size and token of a call; the size may be a number or, as in Greengrass's model, a string.
answer<page> requested_page(const call& from, const paging_style& style);

// The token that continues behind `key`: opaque to callers (base64).
std::string page_token(std::string_view key);

// `rows` are up to rows_to_read() rows in order. Takes off what the page doesn't hold and returns
// the token for the next page when there is one.
template <class Row, class Key>
std::optional<std::string> cut_to_page(std::vector<Row>& rows, const page& wanted, Key key_of) {
    if (rows.size() <= wanted.size) {
        return std::nullopt;
    }
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(wanted.size), rows.end());
    return page_token(key_of(rows.back()));
}

}  // namespace evergrass::cloud

#pragma once

#include "cloud/iot/records.hpp"

#include <functional>

namespace evergrass::cloud::iot {

// A paged list. The two families of names that the model has for it:
enum class paging_names {
    next_token,  // nextToken, maxResults -> nextToken
    marker,      // marker, pageSize, ascendingOrder -> nextMarker
};

struct listing {
    paging_names names = paging_names::next_token;
    std::string_view statement;  // name in logs
    // A SELECT whose first column, named `key`, is a text that is unique and gives the order; its
    // own parameters begin at ?3.
    std::string_view rows;
    std::vector<db::value> bound;
    std::string_view member;  // of the output: "things"
    std::function<json::value(const db::row&)> item;
    // Newest first unless ascendingOrder says otherwise; `key` then begins with the age.
    bool newest_first = false;
};

// One page, at most 250 items. A token is good for as long as the service is: it holds the last
// key.
api_result list_page(registry& in, const call& from, const listing& wanted);

}  // namespace evergrass::cloud::iot

#pragma once

#include "cloud/lambda/functions.hpp"

#include <functional>

namespace evergrass::cloud::lambda {

struct listing {
    std::string_view statement;  // name in logs
    // A SELECT whose first column, named `key`, is a text that is unique and gives the order; its
    // own parameters begin at ?3.
    std::string_view rows;
    std::vector<db::value> bound;
    std::string_view member;  // of the output: "Functions"
    std::function<json::value(const db::row&)> item;
};

// One page, by Marker and MaxItems.
api_result list_page(function_registry& in, const call& from, const listing& wanted);

// The columns name, version, configuration, code_size, revision_id, modified_at, from column
// `first` on.
function_record read_function(const db::row& row, int first);

}  // namespace evergrass::cloud::lambda

#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/greengrass/services.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Small things that many operations of Greengrass need. Whoever touches the store holds its lock.
namespace evergrass::cloud::greengrass {

// Milliseconds since 1970, as the store keeps times, and the API's form of them.
std::int64_t now_milliseconds(const greengrass_services& in);
std::string as_timestamp(std::int64_t milliseconds);

// A required member that is a string; the gateway has checked that it is there.
std::string required_text(const call& from, std::string_view member);

// The codes that V1 answered although its model doesn't have them (spec/cloud.md §1.4).
api_error id_not_found(std::string message);
api_error resource_not_found(std::string message);
api_error invalid_input(std::string message);
api_error invalid_container(std::string message);
// Without a type: clients show the status as the code.
api_error bare(int status, std::string message);
// "The cores definition is invalid. (ErrorDetails: [first, second])", bare 400.
api_error invalid_definition(std::string_view what, const std::vector<std::string>& faults);

// Of a list that is ordered by a number of ours, the newest first: the number behind which the page
// begins. nullopt when the token is none of that list, which bad_token() answers.
std::optional<std::int64_t> number_before(const std::string& page_key);
api_error bad_token();

db::value text_or_null(const std::optional<std::string>& text);
std::optional<std::string> text_or_nothing(const db::row& row, int column);

// A JSON column of ours; a damaged one reads as empty.
json::object stored_object(std::string_view text);

}  // namespace evergrass::cloud::greengrass

#pragma once

#include "apps/evergrass/api_client.hpp"
#include "apps/evergrass/identity_record.hpp"
#include "apps/evergrass/progress.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cli {

// What undo does with the items of a record, a sentence each, in the order in which it does it.
std::vector<std::string> undo_plan(const identity_record& record);

// Refuses where the service at `url` is not the one of the record: what it does not have would be
// taken for gone. One that has moved is known by what was made there: its certificate, or else its
// thing.
boost::asio::awaitable<result<void>> check_is_of(api_client& api, const identity_record& record,
                                                 std::string url);

// Unmakes what the record names, from the end, and takes each item out of the file once it is gone;
// what is gone already is well. Stops at the first that the service keeps, with its reason.
boost::asio::awaitable<result<void>> undo(api_client& api, identity_record& record,
                                          std::filesystem::path record_file, progress& shown);

}  // namespace evergrass::cli

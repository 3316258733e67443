#pragma once

#include "apps/evergrass/api_client.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace evergrass::cli {

// A group as its latest version has it.
struct group_contents {
    std::string id;
    std::string name;
    // Of the version: CoreDefinitionVersionArn and so on; empty when the group has no version yet.
    json::object definitions;
};

// By its id, or by its name when one group only has it; errc::not_found and errc::conflict say what
// there is.
boost::asio::awaitable<result<group_contents>> find_group(api_client& api, std::string wanted);

// A definition with its first version: its id and the version's ARN. `family`: "cores", "devices",
// "functions".
struct made_definition {
    std::string id;
    std::string version_arn;
};
boost::asio::awaitable<result<made_definition>> create_definition(api_client& api,
                                                                  std::string family,
                                                                  std::string name,
                                                                  json::object version);

boost::asio::awaitable<result<void>> create_group_version(api_client& api, std::string group_id,
                                                          json::object definitions);

struct device_entry {
    std::string id;
    std::string thing_arn;
    std::string certificate_arn;
    bool sync_shadow = false;
};
// A version of the group's device definition with this device too, and of the group with that; the
// device's older entry is replaced. A group without a device definition gets one, named after it.
boost::asio::awaitable<result<void>> add_device(api_client& api, group_contents group,
                                                device_entry device);

// The same without the device. False: the group, or the device in it, is not there. A group without
// devices keeps its definition with an empty version.
boost::asio::awaitable<result<bool>> remove_device(api_client& api, std::string group_id,
                                                   std::string thing_arn);

}  // namespace evergrass::cli

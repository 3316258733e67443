#pragma once

#include "apps/evergrass/api_client.hpp"
#include "libs/group_file/group.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::cli {

// A group as a service has it.
struct service_group {
    std::string id;
    std::string arn;
    std::string name;
    group_file::owner whose;
    std::string version;             // the latest; empty: none
    json::object references;         // of the version: "CoreDefinitionVersionArn" ...
    json::object api;                // as group_file::from_api takes it
    json::object group;              // in the file's words
    std::vector<std::string> notes;  // what the file's words can't say
    // The newest deployment, if there was one.
    std::string deployed_version;
    std::string deployment_status;
};

struct service_function {
    std::string digest;  // CodeSha256
    std::string runtime;
    std::string handler;
    std::string version;
    std::string location;  // where the package is fetched
};

// Reads groups, functions and things through the public AWS APIs. One call at a time.
class group_reader {
public:
    explicit group_reader(api_client& api) : api_(api) {}

    // By its id or its name; errc::conflict when several have this name. nullopt: there is none.
    boost::asio::awaitable<result<std::optional<service_group>>> load(std::string id_or_name);

    // ListGroups, all pages.
    boost::asio::awaitable<result<std::vector<json::object>>> list();

    // qualifier empty: what was uploaded last. nullopt: there is none.
    boost::asio::awaitable<result<std::optional<service_function>>> function(std::string name,
                                                                             std::string qualifier);

    // The package at a function's location, which is signed by itself and wherever the service
    // keeps it.
    boost::asio::awaitable<result<std::string>> package(std::string location);

    // The ids of the certificates that are attached to a thing; nullopt: there is no such thing.
    boost::asio::awaitable<result<std::optional<std::vector<std::string>>>> certificates(
        std::string thing);

    // Whose keys these are: 12 digits.
    boost::asio::awaitable<result<std::string>> account();

    // As api_client::call, but nullopt for errc::not_found.
    boost::asio::awaitable<result<std::optional<json::object>>> find(api_call c);

private:
    boost::asio::awaitable<result<void>> read_definitions(service_group& group);
    boost::asio::awaitable<result<void>> read_rest(service_group& group);

    api_client& api_;
};

}  // namespace evergrass::cli

#pragma once

#include "apps/evergrass/service_place.hpp"

namespace evergrass::cli {

struct keys_options {
    service_place where;
    std::string verb;  // create, list, show, rotate or revoke
    std::string id;
    std::string role = "admin";
    std::string name;
    int grace_seconds = 24 * 60 * 60;
};

// Access keys of a running service. The exit status: 0 done, 1 not.
int run_keys(const keys_options& options);

// A key as the service describes it, in a line for people.
std::string key_line(const json::object& key);

}  // namespace evergrass::cli

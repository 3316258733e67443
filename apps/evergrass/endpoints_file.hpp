#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cli {

struct device_files {
    std::string thing;
    std::string cert_file;
    std::string key_file;
};

// Everything that a test, a script or a stock client needs to use the running system. Written by
// `evergrass up` when all of it is ready; docs/formats/endpoints.md. The members of the core are
// left out of the file when they are empty (`--no-sample`).
struct endpoints {
    std::string api;        // https://host:port
    std::string api_http;   // http://host:port on loopback
    std::string iot_mqtt;   // host:port
    std::string iot_https;  // host:port
    std::string discovery;  // https://host:port
    std::string ca_file;
    std::string access_key_id;
    std::string secret_access_key;
    std::string region;
    std::string account;
    std::string core_mqtt;  // host:port
    std::string ipc;        // host:port
    std::string core_thing;
    std::string core_root;
    std::vector<device_files> devices;
};

json::value to_json(const endpoints& e);

// What another verb finds in DIR/endpoints.json; the members are texts. An error says what to do.
result<json::object> read_endpoints(const std::filesystem::path& directory);

// By rename, mode 0600: it holds a secret key.
result<void> write_endpoints(const std::filesystem::path& path, const endpoints& e);

}  // namespace evergrass::cli

#pragma once

#include "apps/evergrass/api_client.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace evergrass::cli {

// Which service a verb works at through its public AWS APIs, and with which access key.
struct service_account {
    // The folder of an `evergrass up`, whose endpoints.json counts where nothing else is given.
    std::filesystem::path directory;
    std::string endpoint;           // https://host:port
    std::filesystem::path ca_file;  // what signs the certificate there
    std::string region;
};

void add_service_options(CLI::App& verb, service_account& asked);

// A variable of the environment, or null.
using environment = std::function<const char*(const char* name)>;

// Puts together what the options, endpoints.json and AWS's own variables say, in this order:
// EVERGRASS_ENDPOINT or AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_REGION or AWS_DEFAULT_REGION,
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The error names what is missing and how to give it.
result<api_client_options> find_service(const service_account& asked, const environment& variables);

}  // namespace evergrass::cli

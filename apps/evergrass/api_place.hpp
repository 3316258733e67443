#pragma once

#include "apps/evergrass/api_client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace evergrass::cli {

// Which service a verb calls through its AWS APIs, and as whom: the folder of an `evergrass up`, or
// an endpoint with the credentials that AWS's own tools read from the environment.
struct api_place {
    std::filesystem::path directory;  // --dir: DIR/endpoints.json says the rest
    std::string endpoint;             // --endpoint
    std::filesystem::path ca_file;    // --ca-file, else AWS_CA_BUNDLE, else the system's
    std::string region;               // --region, else AWS_REGION, AWS_DEFAULT_REGION
};

void add_api_place(CLI::App& verb, api_place& where);

// Reads endpoints.json or the environment. The error says what is missing and how to give it.
result<api_client_options> client_options_of(const api_place& where);

// Runs what a verb does on an event loop of its own, until it is done. SIGINT ends the program, as
// nothing is in the way.
int run_with_api(const api_place& where,
                 const std::function<boost::asio::awaitable<int>(api_client&)>& work);

}  // namespace evergrass::cli

#include "apps/evergrass/api_place.hpp"

#include "apps/evergrass/at_service.hpp"
#include "apps/evergrass/endpoints_file.hpp"
#include "apps/evergrass/failure.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <initializer_list>
#include <utility>

namespace evergrass::cli {
namespace {

constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

std::string environment(std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
            return value;
        }
    }
    return {};
}

result<api_client_options> options_of_directory(const std::filesystem::path& directory) {
    const auto members = read_endpoints(directory);
    if (!members) {
        return members.error();
    }
    api_client_options options;
    options.url = string_member(*members, "api").value_or("");
    options.credentials = {string_member(*members, "access_key_id").value_or(""),
                           string_member(*members, "secret_access_key").value_or("")};
    options.region = string_member(*members, "region").value_or("");
    auto ca = read_file(string_member(*members, "ca_file").value_or(""), 1024 * 1024);
    if (!ca) {
        return with_context(ca.error(), "ca_file of " + (directory / "endpoints.json").string());
    }
    options.ca_pem = std::move(*ca);
    return options;
}

boost::asio::awaitable<result<void>> keep_status(boost::asio::awaitable<int> work, int* status) {
    *status = co_await std::move(work);
    co_return result<void>();
}

}  // namespace

void add_api_place(CLI::App& verb, api_place& where) {
    auto* directory = verb.add_option("--dir", where.directory,
                                      "The folder of a running evergrass up: its service and key");
    directory->type_name("DIR");
    verb.add_option("--endpoint", where.endpoint,
                    "The service's APIs, https://HOST:PORT; keys and region as the AWS CLI takes "
                    "them from the environment (default: EVERGRASS_ENDPOINT)")
        ->type_name("URL")
        ->excludes(directory);
    verb.add_option("--ca-file", where.ca_file,
                    "What signs its certificate (default: AWS_CA_BUNDLE, the system's)")
        ->type_name("FILE");
    verb.add_option("--region", where.region, "Default: AWS_REGION, AWS_DEFAULT_REGION")
        ->type_name("NAME");
}

result<api_client_options> client_options_of(const api_place& where) {
    if (!where.directory.empty()) {
        return options_of_directory(where.directory);
    }
    api_client_options options;
    options.url = !where.endpoint.empty() ? where.endpoint : environment({"EVERGRASS_ENDPOINT"});
    if (options.url.empty()) {
        return error{errc::invalid_input,
                     "Which service? Say --dir DIR (of evergrass up) or --endpoint URL"};
    }
    options.credentials = {environment({"AWS_ACCESS_KEY_ID"}),
                           environment({"AWS_SECRET_ACCESS_KEY"})};
    options.session_token = environment({"AWS_SESSION_TOKEN"});
    options.region =
        !where.region.empty() ? where.region : environment({"AWS_REGION", "AWS_DEFAULT_REGION"});
    if (options.credentials.access_key_id.empty() ||
        options.credentials.secret_access_key.empty()) {
        return error{errc::invalid_input,
                     "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; evergrass keys "
                     "create makes a pair"};
    }
    if (options.region.empty()) {
        return error{errc::invalid_input, "No region: say --region, or set AWS_REGION"};
    }
    if (!options.url.starts_with("http://")) {
        auto file = where.ca_file.string();
        file = !file.empty() ? file : environment({"AWS_CA_BUNDLE"});
        auto ca = read_file(file.empty() ? system_authorities : file, 4 * 1024 * 1024);
        if (!ca) {
            return ca.error();
        }
        options.ca_pem = std::move(*ca);
    }
    return options;
}

int run_with_api(const api_place& where,
                 const std::function<boost::asio::awaitable<int>(api_client&)>& work) {
    const auto options = client_options_of(where);
    if (!options) {
        return say_failure(options.error());
    }
    int status = 1;
    const auto ran =
        run_at_service(*options, [&](api_client& api) { return keep_status(work(api), &status); });
    return ran ? status : say_failure(ran.error());
}

}  // namespace evergrass::cli

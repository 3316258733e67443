#include "apps/evergrass/service_account.hpp"

#include "apps/evergrass/endpoints_file.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <initializer_list>

namespace evergrass::cli {
namespace {

// The first that says something.
std::string first_of(std::initializer_list<std::string> texts) {
    for (const auto& text : texts) {
        if (!text.empty()) {
            return text;
        }
    }
    return {};
}

error missing(const char* what, const char* how) {
    return {{},
            std::string("Which ") + what + "? Give " + how +
                ", or the folder of an `evergrass up` with --dir"};
}

}  // namespace

void add_service_options(CLI::App& verb, service_account& asked) {
    verb.add_option("--dir", asked.directory,
                    "The folder of an `evergrass up`: address, CA, region and access key")
        ->type_name("DIR");
    verb.add_option("--endpoint", asked.endpoint,
                    "The service's APIs, https://HOST[:PORT] (or EVERGRASS_ENDPOINT)")
        ->type_name("URL");
    verb.add_option("--ca-file", asked.ca_file,
                    "The CA of the service's certificate (or AWS_CA_BUNDLE)")
        ->type_name("FILE");
    verb.add_option("--region", asked.region, "Its region (or AWS_REGION, AWS_DEFAULT_REGION)")
        ->type_name("NAME");
}

result<api_client_options> find_service(const service_account& asked,
                                        const environment& variables) {
    const auto file = asked.directory.empty() ? result<json::object>(json::object{})
                                              : read_endpoints(asked.directory);
    if (!file) {
        return file.error();
    }
    const auto of_file = [&](const char* name) { return string_member(*file, name).value_or(""); };
    const auto variable = [&](const char* name) {
        const char* value = variables(name);
        return std::string(value == nullptr ? "" : value);
    };
    api_client_options found;
    found.url = first_of({asked.endpoint, of_file("api"), variable("EVERGRASS_ENDPOINT"),
                          variable("AWS_ENDPOINT_URL")});
    if (found.url.empty()) {
        return missing("service", "--endpoint https://HOST[:PORT] or set EVERGRASS_ENDPOINT");
    }
    if (!found.url.starts_with("https://")) {
        return error{errc::invalid_input, "The address " + found.url +
                                              " must begin with https://: keys of devices "
                                              "are asked for there"};
    }
    const auto ca =
        first_of({asked.ca_file.string(), of_file("ca_file"), variable("AWS_CA_BUNDLE")});
    if (ca.empty()) {
        return missing("CA signs the service's certificate", "--ca-file FILE or set AWS_CA_BUNDLE");
    }
    auto pem = read_file(ca);
    if (!pem) {
        return pem.error();
    }
    found.ca_pem = std::move(*pem);
    found.region = first_of(
        {asked.region, of_file("region"), variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")});
    if (found.region.empty()) {
        return missing("region", "--region NAME or set AWS_REGION");
    }
    found.credentials.access_key_id =
        first_of({of_file("access_key_id"), variable("AWS_ACCESS_KEY_ID")});
    found.credentials.secret_access_key =
        first_of({of_file("secret_access_key"), variable("AWS_SECRET_ACCESS_KEY")});
    if (found.credentials.access_key_id.empty() || found.credentials.secret_access_key.empty()) {
        return missing("access key",
                       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which `evergrass keys "
                       "create` prints");
    }
    return found;
}

}  // namespace evergrass::cli

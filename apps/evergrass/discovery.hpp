#pragma once

#include "apps/evergrass/service_info.hpp"
#include "libs/base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

// Where a device finds its core and whom it has to trust there.
struct discovered_core {
    std::string thing_arn;
    std::vector<host_port> addresses;  // at least one, in the order to try
    std::string ca_pem;                // all CAs of the group
};

// Reads the answer of the discovery API (spec/cloud.md §2): the first group's core.
result<discovered_core> parse_discovery(std::string_view text);

// The files of a device: its certificate, its key, and the CA of the service.
struct device_identity {
    std::string thing;
    std::string certificate_pem;
    std::string key_pem;
    std::string service_ca_pem;
};
result<device_identity> load_identity(std::string thing, const std::string& cert_file,
                                      const std::string& key_file, const std::string& ca_file);

// GET /greengrass/discover/thing/{thing} at `url` with the device's certificate, as the device SDKs
// do.
boost::asio::awaitable<result<discovered_core>> discover(boost::asio::any_io_executor executor,
                                                         std::string url, device_identity who);

}  // namespace evergrass::cli

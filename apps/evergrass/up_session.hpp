#pragma once

#include "apps/evergrass/api_client.hpp"
#include "apps/evergrass/endpoints_file.hpp"
#include "apps/evergrass/ports.hpp"
#include "apps/evergrass/progress.hpp"
#include "apps/evergrass/sample_group.hpp"
#include "apps/evergrass/service_info.hpp"
#include "apps/evergrass/supervisor.hpp"
#include "apps/evergrass/up_options.hpp"
#include "apps/evergrass/up_state.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace evergrass::cli {

// Where everything of one data directory is; docs/cli.md shows the tree.
struct up_paths {
    explicit up_paths(const std::filesystem::path& directory);

    std::filesystem::path directory;
    std::filesystem::path state;         // up.json
    std::filesystem::path endpoints;     // endpoints.json
    std::filesystem::path log;           // service.log, core.log
    std::filesystem::path service;       // evergrass-cloud's --data
    std::filesystem::path service_info;  // service.json
    std::filesystem::path core_root;     // greengrassd's --root
    std::filesystem::path core_certs;
    std::filesystem::path core_info;  // ready.json
    std::filesystem::path devices;    // certificates of the sample devices
};

// Brings the system up step by step. Children run under the supervisor, which outlives this.
class up_session {
public:
    up_session(boost::asio::any_io_executor executor, up_options options, supervisor& children,
               progress& shown);

    // Returns when `once` is fulfilled or a step failed; else when it is cancelled.
    boost::asio::awaitable<result<void>> run();

private:
    boost::asio::awaitable<result<void>> start_service();
    result<void> make_access_key();
    boost::asio::awaitable<result<void>> bring_up_sample(api_client& api);
    boost::asio::awaitable<result<void>> start_core();
    result<void> write_core_files();
    result<void> publish_endpoints();
    boost::asio::awaitable<result<void>> show_flows();
    boost::asio::awaitable<result<void>> wait_for_ever();
    result<std::filesystem::path> program(const char* name) const;
    result<sample::function_host> look_at_host() const;

    boost::asio::any_io_executor executor_;
    up_options options_;
    up_paths paths_;
    sample::function_host host_;
    supervisor& children_;
    progress& progress_;
    port_plan ports_;
    up_state state_;
    service_info service_;
    std::optional<core_info> core_;
};

}  // namespace evergrass::cli

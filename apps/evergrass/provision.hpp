#pragma once

#include "apps/evergrass/api_client.hpp"
#include "apps/evergrass/progress.hpp"
#include "apps/evergrass/sample_group.hpp"
#include "apps/evergrass/up_state.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>

namespace evergrass::cli {

// Makes the sample's things, function and group through the public AWS APIs and deploys it. What
// the state says is there is not made again; each step is saved before the next one begins, so that
// an interrupted run goes on where it was.
class provisioner {
public:
    // Certificates of the core go to `core_certs`, those of the others to `device_certs`.
    provisioner(api_client& api, up_state& state, std::filesystem::path state_file,
                std::filesystem::path core_certs, std::filesystem::path device_certs,
                const sample::function_host& host, progress& shown);

    // Asks the service whether it still has the group of the state; forgets it when it has not
    // (`--allow-reset`). The core must not run yet.
    boost::asio::awaitable<result<void>> check_group();

    // Core, sensor, display and observer: thing, keys, certificate, policy.
    boost::asio::awaitable<result<void>> make_things();
    // The function's package, a version of it and an alias.
    boost::asio::awaitable<result<void>> make_function();
    // The definitions, the group and its version.
    boost::asio::awaitable<result<void>> make_group();

    // Deploys unless the state says that this was done, and waits for the end, showing each state.
    // The error is the deployment's own ErrorMessage.
    boost::asio::awaitable<result<void>> deploy();

    // Tells the service where devices find the core.
    boost::asio::awaitable<result<void>> update_connectivity(const std::string& host,
                                                             std::uint16_t port);

private:
    boost::asio::awaitable<result<void>> make_thing(provisioned_thing& thing, std::string name,
                                                    std::string policy, bool is_core);
    boost::asio::awaitable<result<void>> make_certificate(provisioned_thing& thing, bool is_core);
    boost::asio::awaitable<result<void>> make_policy(std::string name, std::string document);
    boost::asio::awaitable<result<void>> upload_function(std::string zip);
    boost::asio::awaitable<result<std::string>> publish_function();
    boost::asio::awaitable<result<std::string>> make_definition(std::string kind,
                                                                json::object version);
    boost::asio::awaitable<result<void>> make_group_version(json::object definitions);
    boost::asio::awaitable<result<void>> start_deployment();
    boost::asio::awaitable<result<void>> watch_deployment(mono_time began);
    result<void> save() const { return save_up_state(state_file_, state_); }

    api_client& api_;
    up_state& state_;
    std::filesystem::path state_file_;
    std::filesystem::path core_certs_;
    std::filesystem::path device_certs_;
    sample::function_host host_;
    progress& progress_;
};

}  // namespace evergrass::cli

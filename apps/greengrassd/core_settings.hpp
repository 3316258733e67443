#pragma once

#include "edge/cloud_link/cloud_link.hpp"
#include "edge/config/config.hpp"
#include "edge/credentials/credential_provider.hpp"
#include "edge/deployment/agent.hpp"
#include "edge/deployment/service_client.hpp"
#include "edge/devices/device_server.hpp"
#include "edge/functions/function_manager.hpp"
#include "edge/keys/core_keys.hpp"
#include "edge/secrets/secret_service.hpp"
#include "edge/shadows/shadow_service.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

// What each part of a core gets of its config.json (docs/configuration.md).
namespace evergrass::greengrassd {

struct program_places {
    std::filesystem::path runtime_dir;   // of functions
    std::filesystem::path jail_program;  // evergrass-jail
};

edge::device_server_settings device_settings_of(const edge::core_config& config);

// What no function in a jail sees, wherever the owner put it: the core's folder, and the files and
// folders of config.json that are not in it.
std::vector<std::string> hidden_paths(const edge::core_config& config);

edge::function_settings function_settings_of(const edge::core_config& config,
                                             program_places programs,
                                             boost::asio::any_io_executor blocking,
                                             std::shared_ptr<edge::credential_provider> credentials,
                                             std::shared_ptr<edge::secret_service> secrets,
                                             edge::shadow_asker shadows);

// Its tokens' prefix is another at each call.
edge::shadow_settings shadow_settings_of(const edge::core_config& config);

// The connections' TLS is made anew for each, of what is on disk then.
edge::cloud_link_settings link_settings_of(const edge::core_config& config,
                                           std::shared_ptr<const edge::core_keys> keys);

// `identity_changes` goes up when certificate, key or CA are others: connections are made anew.
edge::service_settings service_settings_of(const edge::core_config& config,
                                           std::shared_ptr<const edge::core_keys> keys,
                                           std::shared_ptr<const std::uint64_t> identity_changes);

edge::agent_settings agent_settings_of(const edge::core_config& config);

// The files that make the core's identity at servers.
std::vector<std::filesystem::path> identity_files_of(const edge::core_config& config);

}  // namespace evergrass::greengrassd

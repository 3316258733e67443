#pragma once

#include "contract/fields.hpp"
#include "edge/config/config.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

// What the readers of config.json's sections share. Nobody else includes it.
namespace evergrass::edge {

// A name that nobody knows is most often a typo: `config.without_effect` says so, and which name
// was meant. `where` is empty at the top.
void note_unknown(const json::object& object, std::string_view where,
                  const std::vector<std::string_view>& known, core_config& config);

std::int64_t read_in_range(contract::field_reader& in, std::string_view name, std::int64_t fallback,
                           std::int64_t least, std::int64_t most);

// crypto. The error names the member, and never the PIN.
result<void> read_crypto(const json::object& crypto, core_config& config);

// mqttProfile, mqttLimits, mqttThreads, mqttTls. The error names the member.
result<void> read_mqtt(const json::object& top, core_config& config);

// coreThing.networkProxy. The error names the member and never quotes the password.
result<void> read_network_proxy(const json::object& core_thing, core_config& config);

// cloudLink. After coreThing: the defaults depend on iotHost.
result<void> read_cloud_link(const json::object& top, core_config& config);

// shadowSync and system.shadowSyncTimeout. The error names the member.
result<void> read_shadow_sync(const json::object& top, core_config& config);

// lanDiscovery. The error names the member.
result<void> read_lan_discovery(const json::object& top, core_config& config);

// spooler. The error names the member.
result<void> read_spooler(const json::object& top, core_config& config);

// secrets. The error names the member.
result<void> read_secrets(const json::object& top, core_config& config);

}  // namespace evergrass::edge

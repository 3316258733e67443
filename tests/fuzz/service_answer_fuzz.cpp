// What `evergrass` reads of others and of its own earlier runs: the answer of discovery, addresses,
// what services and cores say when they are ready, and the records beside its files. What it
// writes it reads back.

#include "apps/evergrass/discovery.hpp"
#include "apps/evergrass/identity_record.hpp"
#include "apps/evergrass/service_info.hpp"
#include "apps/evergrass/up_state.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace evergrass;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto found = cli::parse_discovery(text)) {
        check(!found->addresses.empty() && !found->ca_pem.empty());
        for (const auto& each : found->addresses) {
            check(!each.host.empty() && each.port != 0);
        }
    }
    if (const auto address = cli::parse_host_port(text)) {
        check(!address->host.empty() && address->port != 0);
        const auto host = address->host.find(':') == std::string::npos ? address->host
                                                                       : "[" + address->host + "]";
        const auto again = cli::parse_host_port(host + ":" + std::to_string(address->port));
        check(again && again->host == address->host && again->port == address->port);
    }
    static_cast<void>(cli::parse_service_info(text));
    static_cast<void>(cli::parse_core_info(text));
    if (const auto state = cli::parse_up_state(text)) {
        const auto written = cli::to_json_text(*state);
        const auto again = cli::parse_up_state(written);
        check(again && cli::to_json_text(*again) == written);
    }
    if (const auto record = cli::parse_identity_record(text)) {
        const auto written = cli::to_json_text(*record);
        const auto again = cli::parse_identity_record(written);
        check(again && cli::to_json_text(*again) == written);
    }
    return 0;
}

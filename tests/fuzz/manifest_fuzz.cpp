// A deployment as it comes from the network, before and after its signature: no bytes may do more
// than be refused, and what is accepted must survive being written and read.

#include "contract/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace contract = evergrass::contract;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto sealed = contract::parse_signed_manifest(text)) {
        if (contract::parse_signed_manifest(contract::to_json_text(*sealed))->manifest_text !=
            sealed->manifest_text) {
            std::abort();
        }
    }
    if (const auto manifest = contract::parse_manifest(text)) {
        const auto written = contract::to_json_text(*manifest);
        const auto again = contract::parse_manifest(written);
        if (!again || contract::to_json_text(*again) != written) {
            std::abort();
        }
        contract::to_group_json(*manifest);
    }
    return 0;
}

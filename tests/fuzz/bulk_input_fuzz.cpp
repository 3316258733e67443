#include "cloud/greengrass/bulk_input.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace evergrass::cloud::greengrass;

// The input file of a bulk deployment.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = parse_bulk_input(text);
    for (const auto& record : read.records) {
        if (record.group_id.empty() || record.group_version.empty()) {
            std::abort();
        }
    }
    if (read.records.empty() && read.faults.empty()) {
        std::abort();
    }
    return 0;
}

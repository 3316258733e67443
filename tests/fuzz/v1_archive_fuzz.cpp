// A backup archive of unknown origin: whatever is in it, no name that the sink gets leaves the
// tree, and the limits hold.

#include "libs/v1_core/backup_archive.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace v1 = evergrass::v1;
    constexpr v1::archive_limits limits{1024 * 1024, 1000, 10};
    std::uint64_t total = 0;
    std::size_t members = 0;
    v1::read_archive_bytes(
        std::string_view(reinterpret_cast<const char*>(data), size),
        [&](const v1::archive_visit& member, const auto& read) -> evergrass::result<void> {
            const auto name = "/" + member.name + "/";
            if (member.name.empty() || member.name.front() == '/' || ++members > limits.entries ||
                name.find("/../") != std::string::npos || name.find("//") != std::string::npos) {
                std::abort();
            }
            for (auto piece = read(); piece && !piece->empty(); piece = read()) {
                total += piece->size();
                if (total > limits.unpacked_bytes) {
                    std::abort();
                }
            }
            return {};
        },
        limits);
    return 0;
}

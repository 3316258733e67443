#include "cloud/backup/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// The list of files in a backup that somebody hands us: what is taken stays in its folder and reads
// back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass::cloud;
    const auto read = parse_backup_manifest({reinterpret_cast<const char*>(data), size});
    if (!read) {
        return 0;
    }
    for (const auto& file : read->files) {
        if (file.name.find("..") != std::string::npos || file.name.starts_with('/')) {
            std::abort();
        }
    }
    const auto again = parse_backup_manifest(to_text(*read));
    if (!again || again->files.size() != read->files.size()) {
        std::abort();
    }
    return 0;
}

// A function's package as a core unpacks it. Whatever the zip says, nothing may appear outside of
// its own directory, and a refusal leaves nothing behind.

#include "edge/deployment/archive.hpp"
#include "libs/base/file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto base = fs::temp_directory_path() / ("package-fuzz-" + std::to_string(::getpid()));
    fs::create_directories(base);
    const auto zip = base / "p.zip";
    std::ofstream(zip, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    evergrass::edge::archive_limits limits;
    limits.max_unpacked_bytes = 1024 * 1024;
    limits.max_entries = 100;
    const bool unpacked = static_cast<bool>(evergrass::edge::unpack_zip(zip, base / "out", limits));
    for (const auto& entry : fs::directory_iterator(base)) {
        if (entry.path() != zip && !(unpacked && entry.path() == base / "out")) {
            std::abort();
        }
    }
    fs::remove_all(base);
    return 0;
}

// A function's package, or a model's archive, as a core unpacks it. Whatever the zip says, nothing
// may appear outside of its own directory, and a refusal leaves nothing behind.

#include "edge/deployment/archive.hpp"
#include "libs/base/file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

// Files, directories and links that stay inside, readable by everybody; none is set-user-id.
void check_unpacked(const fs::path& out) {
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
        struct stat info {};
        if (::lstat(entry.path().c_str(), &info) != 0) {
            std::abort();
        }
        if (S_ISLNK(info.st_mode)) {
            const auto place = fs::weakly_canonical(entry.path()).string();
            if (!(place + "/").starts_with(fs::canonical(out).string() + "/")) {
                std::abort();
            }
        } else if ((!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) ||
                   (info.st_mode & 07444) != 0444) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto base = fs::temp_directory_path() / ("package-fuzz-" + std::to_string(::getpid()));
    fs::create_directories(base);
    const auto zip = base / "p.zip";
    std::ofstream(zip, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    evergrass::edge::archive_limits limits;
    limits.max_unpacked_bytes = 1024 * 1024;
    limits.max_entries = 100;
    const bool is_tar = size > 1 && data[0] == 0x1f && data[1] == 0x8b;
    const bool unpacked =
        is_tar ? static_cast<bool>(evergrass::edge::unpack_tar_gz(zip, base / "out", limits))
               : static_cast<bool>(evergrass::edge::unpack_zip(zip, base / "out", limits));
    for (const auto& entry : fs::directory_iterator(base)) {
        if (entry.path() != zip && !(unpacked && entry.path() == base / "out")) {
            std::abort();
        }
    }
    if (unpacked) {
        check_unpacked(base / "out");
    }
    fs::remove_all(base);
    return 0;
}

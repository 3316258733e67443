#include "edge/deployment/key_file.hpp"

#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::edge {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;

}  // namespace

result<std::string> read_or_make_key(const std::filesystem::path& path) {
    if (auto stored = read_file(path, most_bytes); stored && pki::public_key_of(*stored)) {
        return stored;
    }
    if (auto made = make_directories(path.parent_path(), 0700); !made) {
        return made.error();
    }
    auto key = pki::generate_rsa_key();
    if (auto written = write_file_atomically(path, key, 0600); !written) {
        return written.error();
    }
    return key;
}

}  // namespace evergrass::edge

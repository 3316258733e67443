#include "apps/greengrassd/memory_protection.hpp"

#include "libs/base/secret_text.hpp"

#include <set>
#include <string>
#include <sys/stat.h>

namespace evergrass::greengrassd {
namespace {

// Of keys and secrets; sixteen secrets of 64 KiB, and JSON on the way. Below what Debian lets every
// user lock, 8 MiB.
constexpr std::size_t locked_bytes = 4 * 1024 * 1024;

}  // namespace

void protect_memory(const logger& log) {
    // Functions inherit the limit and may raise it to what it was.
    if (!forbid_core_dumps()) {
        log.warn("Core dumps cannot be turned off: one could hold keys and secrets.");
    }
    if (!reserve_secret_memory(locked_bytes)) {
        log.warn("Memory for secrets cannot be locked: they may be swapped out.",
                 {{"bytes", static_cast<std::int64_t>(locked_bytes)},
                  {"next", "raise the limit (ulimit -l; LimitMEMLOCK of systemd)"}});
    }
}

void warn_of_open_keys(const edge::core_config& config, const logger& log) {
    std::set<std::filesystem::path> keys = {config.private_key.file, config.secrets_key.file};
    if (config.server_key) {
        keys.insert(config.server_key->file);
    }
    keys.erase(std::filesystem::path());  // those in a token
    for (const auto& key : keys) {
        struct stat status {};
        if (::stat(key.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
            log.warn("A private key may be read or changed by others than its owner.",
                     {{"file", key.string()}, {"next", "chmod 600 " + key.string()}});
        }
    }
}

}  // namespace evergrass::greengrassd

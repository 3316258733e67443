#include "edge/spooler/spool_settings.hpp"

#include "libs/base/errors.hpp"

#include <charconv>
#include <string>

namespace evergrass::edge {
namespace {

constexpr std::string_view storage_variable = "GG_CONFIG_STORAGE_TYPE";
constexpr std::string_view size_variable = "GG_CONFIG_MAX_SIZE_BYTES";

// arn:aws:lambda:::function:GGCloudSpooler, and :1 behind it.
bool is_spooler(std::string_view arn) {
    constexpr std::string_view name = ":function:GGCloudSpooler";
    const auto at = arn.find(name);
    const auto end = at + name.size();
    return at != std::string_view::npos && (end == arn.size() || arn[end] == ':');
}

error wrong(std::string_view variable, std::string_view value, std::string_view why) {
    return {errc::invalid_input, "GGCloudSpooler: " + std::string(variable) + " is '" +
                                     std::string(value) + "'; " + std::string(why)};
}

result<spool_storage> read_storage(std::string_view value) {
    for (const auto known : {spool_storage::memory, spool_storage::file_system}) {
        if (value == to_string(known)) {
            return known;
        }
    }
    return wrong(storage_variable, value, "it has to be Memory or FileSystem");
}

result<std::uint64_t> read_size(std::string_view value) {
    std::uint64_t bytes = 0;
    const auto* const end = value.data() + value.size();
    const auto [stop, failed] = std::from_chars(value.data(), end, bytes);
    if (failed != std::errc() || stop != end) {
        return wrong(size_variable, value, "it has to be a number of bytes, 262144 or more");
    }
    if (bytes < spool_settings::least_bytes) {
        // V1's words (spec/core.md §27).
        return wrong(size_variable, value, "Spool size should be at least 262144 bytes");
    }
    return bytes;
}

}  // namespace

std::string_view to_string(spool_storage storage) {
    return storage == spool_storage::memory ? "Memory" : "FileSystem";
}

result<spool_settings> spool_settings_of(const std::vector<contract::function>& functions) {
    spool_settings settings;
    for (const auto& f : functions) {
        if (!is_spooler(f.arn)) {
            continue;
        }
        for (const auto& [name, value] : f.variables) {
            if (name == storage_variable) {
                const auto storage = read_storage(value);
                if (!storage) {
                    return storage.error();
                }
                settings.storage = *storage;
            } else if (name == size_variable) {
                const auto bytes = read_size(value);
                if (!bytes) {
                    return bytes.error();
                }
                settings.max_bytes = *bytes;
            }
        }
    }
    return settings;
}

}  // namespace evergrass::edge

#include "edge/keys/pin_note.hpp"

#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <sys/stat.h>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;

// Not a digest of its text: that would tell a PIN of few digits to who can try them all.
std::string look_at(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) {
        return {};
    }
    return std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
           std::to_string(info.st_mtim.tv_sec) + " " + std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace

pin_note::pin_note(std::filesystem::path file, std::filesystem::path config)
    : file_(std::move(file)), config_(std::move(config)) {}

std::optional<std::string> pin_note::refusal() const {
    const auto text = read_file(file_, most_bytes);
    const auto document = text ? parse_json(*text) : result<json::value>(text.error());
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr || string_member(*object, "config") != look_at(config_)) {
        return std::nullopt;
    }
    return string_member(*object, "reason");
}

result<void> pin_note::keep(const std::string& why) const {
    if (auto made = make_directories(file_.parent_path(), 0755); !made) {
        return made;
    }
    const json::object note{{"version", 1}, {"config", look_at(config_)}, {"reason", why}};
    return write_file_atomically(file_, to_pretty_json(note), 0600);
}

void pin_note::drop() const {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

}  // namespace evergrass::edge

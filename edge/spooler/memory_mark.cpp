#include "edge/spooler/memory_mark.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace evergrass::edge {
namespace {

constexpr std::string_view name = "memory";

}  // namespace

memory_mark::memory_mark(log_store::file_system& disk, std::string directory)
    : disk_(disk), directory_(std::move(directory)), path_(directory_ + "/" + std::string(name)) {}

result<bool> memory_mark::look() {
    if (const auto made = disk_.make_directory(directory_); !made) {
        return made.error();
    }
    const auto found = disk_.list(directory_);
    there_ = found && std::find(found->begin(), found->end(), name) != found->end();
    return there_;
}

result<void> memory_mark::set(bool wanted) {
    if (wanted == there_) {
        return {};
    }
    if (wanted) {
        if (const auto made = disk_.open(path_, log_store::open_mode::create); !made) {
            return made.error();
        }
    } else if (auto removed = disk_.remove(path_); !removed) {
        return removed;
    }
    there_ = wanted;
    return disk_.sync_directory(directory_);
}

}  // namespace evergrass::edge

#include "edge/cloud_link/file_watch.hpp"

#include <sys/stat.h>
#include <utility>

namespace evergrass::edge {

file_watch::file_watch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {
    for (const auto& file : files_) {
        seen_.push_back(look_at(file));
    }
}

file_watch::signature file_watch::look_at(const std::filesystem::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) {
        return {};
    }
    return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), info.st_ctim.tv_sec,
            info.st_ctim.tv_nsec};
}

bool file_watch::changed() {
    bool any = false;
    for (std::size_t i = 0; i < files_.size(); ++i) {
        const auto now = look_at(files_[i]);
        any = any || now != seen_[i];
        seen_[i] = now;
    }
    return any;
}

}  // namespace evergrass::edge

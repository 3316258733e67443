#pragma once

#include <cstdint>
#include <filesystem>
#include <tuple>
#include <vector>

namespace evergrass::edge {

// Tells whether files on disk are no longer what they were: written, replaced, moved, gone or back.
class file_watch {
public:
    explicit file_watch(std::vector<std::filesystem::path> files);

    // Since the last call, or since it was made.
    bool changed();

private:
    // Device, inode, size, seconds and nanoseconds of the last change of any kind; all 0: no file.
    using signature =
        std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;
    static signature look_at(const std::filesystem::path& file);

    std::vector<std::filesystem::path> files_;
    std::vector<signature> seen_;
};

}  // namespace evergrass::edge

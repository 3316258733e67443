#include "edge/logs/log_tail.hpp"

#include <algorithm>
#include <fstream>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 16;  // more than any log of ours keeps
// A line that is longer is given in pieces: it must fit into a batch.
constexpr std::size_t longest_line = 64 * 1024;

struct log_file {
    fs::path path;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
};

bool look_at(const fs::path& path, log_file& into) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    into = {path, static_cast<std::uint64_t>(status.st_ino),
            static_cast<std::uint64_t>(status.st_size)};
    return true;
}

// The log and its older files, oldest first.
std::vector<log_file> files_of(const fs::path& log) {
    std::vector<log_file> files;
    log_file found;
    if (look_at(log, found)) {
        files.push_back(found);
    }
    for (std::size_t number = 1; number <= most_files; ++number) {
        auto older = log;
        older.replace_filename(log.stem().string() + "." + std::to_string(number) +
                               log.extension().string());
        if (!look_at(older, found)) {
            break;
        }
        files.push_back(found);
    }
    std::ranges::reverse(files);
    return files;
}

// Takes whole lines off `bytes`; the number of bytes that they had. `is_whole`: nothing will be
// added, so that what is left is a line too.
std::size_t take_lines(std::string_view bytes, bool is_whole, std::vector<std::string>& into) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        auto end = bytes.find('\n', taken);
        std::size_t behind = end + 1;
        if (end == std::string_view::npos || end - taken > longest_line) {
            if (bytes.size() - taken > longest_line) {
                end = behind = taken + longest_line;
            } else if (is_whole) {
                end = behind = bytes.size();
            } else {
                break;
            }
        }
        if (end > taken) {
            into.emplace_back(bytes.substr(taken, end - taken));
        }
        taken = behind;
    }
    return taken;
}

}  // namespace

log_place end_of_log(const fs::path& log) {
    log_file found;
    return look_at(log, found) ? log_place{found.inode, found.size} : log_place{};
}

log_piece read_log(const fs::path& log, log_place from, std::size_t max_bytes) {
    const auto files = files_of(log);
    log_piece piece;
    piece.next = from;
    auto at = std::ranges::find(files, from.inode, &log_file::inode);
    // A file that is shorter than what was read of it is another one under the same number.
    if (at == files.end() || from.offset > at->size) {
        piece.lost = from.inode != 0;
        at = piece.lost ? files.begin() : (files.empty() ? files.end() : files.end() - 1);
        from.offset = 0;
    }
    for (; at != files.end() && max_bytes > 0; ++at) {
        const auto wanted = std::min<std::uint64_t>(at->size - from.offset, max_bytes);
        std::string bytes(static_cast<std::size_t>(wanted), '\0');
        std::ifstream in(at->path, std::ios::binary);
        in.seekg(static_cast<std::streamoff>(from.offset));
        in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
        const bool is_rotated = at + 1 != files.end();
        const bool to_end = from.offset + bytes.size() == at->size;
        const auto taken = take_lines(bytes, is_rotated && to_end, piece.lines);
        piece.next = {at->inode, from.offset + taken};
        max_bytes -= std::min(max_bytes, bytes.size());
        if (piece.next.offset < at->size && is_rotated) {
            break;  // the rest of it comes first, next time
        }
        from.offset = 0;
    }
    return piece;
}

}  // namespace evergrass::edge

#include "apps/evergrass/folder_watch.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t watched_events = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO |
                                         IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                                         IN_DONT_FOLLOW | IN_EXCL_UNLINK;

bool is_ignored_directory(std::string_view name) {
    constexpr std::array<std::string_view, 9> names = {
        ".git",  ".hg",     ".svn",          "__pycache__", ".mypy_cache",
        ".idea", ".vscode", ".pytest_cache", ".ruff_cache"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Vim's 4913 is how it finds out whether it may write there.
bool is_of_an_editor(std::string_view name) {
    const bool backup = name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
    const bool swap = name.starts_with('.') &&
                      (name.ends_with(".swp") || name.ends_with(".swo") || name.ends_with(".swx"));
    return backup || swap || name == "4913" || name.starts_with(".#") ||
           name.starts_with(".goutputstream-") || name.ends_with("___jb_tmp___") ||
           name.ends_with("___jb_old___") || name.ends_with(".pyc") || name == ".DS_Store";
}

}  // namespace

bool is_ignored(std::string_view path) {
    std::string_view before;
    while (!path.empty()) {
        const auto name = path.substr(0, path.find('/'));
        const bool last = name.size() == path.size();
        if (is_ignored_directory(name) || (before == "node_modules" && name == ".cache") ||
            (last && is_of_an_editor(name))) {
            return true;
        }
        before = name;
        path.remove_prefix(std::min(path.size(), name.size() + 1));
    }
    return false;
}

folder_watch::folder_watch(fs::path folder, int inotify)
    : folder_(std::move(folder)), inotify_(inotify) {}

folder_watch::~folder_watch() {
    ::close(inotify_);
}

result<std::unique_ptr<folder_watch>> folder_watch::open(const fs::path& folder) {
    const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify < 0) {
        return errno_error("cannot watch " + folder.string());
    }
    std::unique_ptr<folder_watch> made(new folder_watch(folder, inotify));
    if (auto added = made->add("", nullptr); !added) {
        return added.error();
    }
    return made;
}

result<void> folder_watch::add(const std::string& relative, std::set<std::string>* found) {
    const auto path = relative.empty() ? folder_ : folder_ / relative;
    const int watch = ::inotify_add_watch(inotify_, path.c_str(), watched_events);
    if (watch < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            if (relative.empty()) {
                return errno_error(path.string() + " is no folder");
            }
            return {};  // gone again
        }
        if (errno == ENOSPC) {
            return error{errc::too_large,
                         "there are more directories below " + folder_.string() +
                             " than this system lets one watch: raise "
                             "fs.inotify.max_user_watches with sysctl, or move data out of it"};
        }
        return errno_error("cannot watch " + path.string());
    }
    directories_[watch] = relative;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(path, code)) {
        const auto name = entry.path().filename().string();
        const auto below = relative.empty() ? name : relative + "/" + name;
        if (is_ignored(below)) {
            continue;
        }
        if (entry.is_directory(code) && !entry.is_symlink(code)) {
            if (auto added = add(below, found); !added) {
                return added;
            }
        } else if (found != nullptr) {
            found->insert(below);
        }
    }
    return {};
}

std::set<std::string> folder_watch::changes() {
    std::set<std::string> found;
    alignas(inotify_event) std::array<char, 64 * 1024> buffer;
    for (;;) {
        const auto size = ::read(inotify_, buffer.data(), buffer.size());
        if (size <= 0) {
            return found;
        }
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            const std::string name = event.len > 0 ? buffer.data() + at + sizeof event : "";
            at += sizeof event + event.len;
            if ((event.mask & IN_Q_OVERFLOW) != 0) {
                static_cast<void>(add("", nullptr));  // directories may be among what was lost
                found.insert(".");
                continue;
            }
            const auto directory = directories_.find(event.wd);
            if (directory == directories_.end()) {
                continue;
            }
            const auto parent = directory->second;
            if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
                gone_ = gone_ || parent.empty();
                continue;
            }
            if ((event.mask & IN_IGNORED) != 0) {
                directories_.erase(directory);
                continue;
            }
            const auto path = parent.empty() ? name : parent + "/" + name;
            if (is_ignored(path)) {
                continue;
            }
            if ((event.mask & IN_ISDIR) != 0) {
                if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
                    static_cast<void>(add(path, &found));
                } else {
                    found.insert(path);
                }
            } else if ((event.mask & IN_CREATE) == 0 || fs::is_symlink(folder_ / path)) {
                found.insert(path);  // a new file is told when it is closed
            }
        }
    }
}

}  // namespace evergrass::cli

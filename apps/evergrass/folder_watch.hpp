#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace evergrass::cli {

// Is a change of this path, relative to the watched folder, of no interest: version control,
// caches, what editors keep beside a file.
bool is_ignored(std::string_view path);

// Tells which files below a folder change, by inotify. Links to directories are not followed.
class folder_watch {
public:
    static result<std::unique_ptr<folder_watch>> open(const std::filesystem::path& folder);
    ~folder_watch();
    folder_watch(const folder_watch&) = delete;
    folder_watch& operator=(const folder_watch&) = delete;

    // Readable when there may be changes.
    int descriptor() const { return inotify_; }
    // Paths, relative to the folder, that were written, moved or removed since the last call; "."
    // when too much happened to be told apart. Does not wait.
    std::set<std::string> changes();
    // The folder itself was removed or renamed: nothing more will be told.
    bool is_gone() const { return gone_; }

private:
    folder_watch(std::filesystem::path folder, int inotify);
    // Watches a directory and those below; adds the files that are there to `found`.
    result<void> add(const std::string& relative, std::set<std::string>* found);

    std::filesystem::path folder_;
    int inotify_;
    std::map<int, std::string> directories_;  // by watch; relative, "" is the folder
    bool gone_ = false;
};

}  // namespace evergrass::cli

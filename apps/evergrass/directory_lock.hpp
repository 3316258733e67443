#pragma once

#include "libs/base/result.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <utility>

namespace evergrass::cli {

// Keeps a second `evergrass up` away from a data directory for as long as it lives, and after that
// for as long as a child that inherited it does. The kernel lets go of it however they end, so
// there is no stale lock to clear.
class directory_lock {
public:
    // errc::conflict, with the other's process id, when another `up` has it; errc::unavailable when
    // that one is dead and its children are still ending: try again.
    static result<directory_lock> take(const std::filesystem::path& directory);

    // The same, but waits up to `limit` for the children of a dead one, telling `waiting` once.
    static result<directory_lock> take_or_wait(const std::filesystem::path& directory,
                                               std::chrono::seconds limit,
                                               const std::function<void()>& waiting);

    directory_lock(directory_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    directory_lock& operator=(directory_lock&&) = delete;
    ~directory_lock();

private:
    explicit directory_lock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace evergrass::cli

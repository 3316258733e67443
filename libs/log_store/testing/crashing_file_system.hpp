#pragma once

#include "libs/log_store/file_system.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace evergrass::log_store::testing {

// What can be made to happen at an operation.
enum class fault {
    disk_full,  // a write takes a part of its bytes at most; nothing can be made
    io_error,   // a write takes a part, a sync loses what was not durable
    read_only,  // nothing changes
};

// A disk in memory that knows what survives a power cut, and cuts the power. An operation is a call
// that changes something or saves it: open(create), append, truncate, sync, rename, remove,
// sync_directory; they are counted from 1. Directories have no entries on this disk but files, and
// making one is durable at once. May be used from several threads.
//
// What a cut leaves of a file: all that was saved, and of the rest one of (by the seed) nothing, a
// prefix of the bytes, a prefix with garbage in its last block, or a size with blocks of zeros in
// it. Of the changes to the directory since it was saved: each one, or not.
class crashing_file_system final : public file_system {
public:
    explicit crashing_file_system(std::uint64_t seed = 1);

    // Before operation `n` has any lasting effect (a write may leave some) the power goes: it and
    // all later calls fail, until restart().
    void cut_power_at(std::uint64_t n) {
        const std::lock_guard lock(mutex_);
        cut_at_ = n;
    }
    bool power_is_off() const {
        const std::lock_guard lock(mutex_);
        return off_;
    }
    // Loses what was not saved and turns the power on. Open files of before stay dead.
    void restart();
    // As if the process was killed and started again: nothing is lost, nothing is saved.
    void kill_process();

    // Operations first .. first + count - 1 fail so, but removals, which free space.
    void inject(fault what, std::uint64_t first, std::uint64_t count = 1);
    // Only at calls of this kind: "append", "sync", "sync_directory", "create", "rename",
    // "truncate", "remove"; counted from now.
    void inject_at_next(const std::string& call, fault what, std::uint64_t count = 1);
    void clear_faults();
    // The bytes of all files together; 0: no limit. An append above it is disk_full.
    void set_capacity(std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        capacity_ = bytes;
    }

    std::uint64_t operations() const {
        const std::lock_guard lock(mutex_);
        return operations_;
    }
    std::uint64_t bytes_written() const {
        const std::lock_guard lock(mutex_);
        return bytes_written_;
    }
    // The calls since the last restart or clear_calls(), as "append 12", "sync", ....
    std::vector<std::string> calls() const;
    void clear_calls();

    // What a damage test changes: the content of a file, saved as it is.
    std::vector<std::string> files(const std::string& directory);
    std::string content(const std::string& path);
    // Of all files in the directory at one moment.
    std::uint64_t bytes_in(const std::string& directory);
    // Changes one bit of a byte where it is, also for who has the file open.
    void flip(const std::string& path, std::size_t at);
    void replace(const std::string& path, std::string content);
    void erase(const std::string& path);

    result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override;
    result<void> rename(const std::string& from, const std::string& to) override;
    result<void> remove(const std::string& path) override;
    result<std::vector<std::string>> list(const std::string& directory) override;
    result<void> make_directory(const std::string& path) override;
    result<void> sync_directory(const std::string& path) override;

private:
    friend class crashing_file;
    struct node {
        std::string content;               // what a reader sees now
        std::string saved;                 // what is on the disk for sure
        std::size_t lost_from = SIZE_MAX;  // a failed sync forgot all from here on
    };
    struct change {
        enum class kind { create, rename, remove } what;
        std::string name;
        std::string to;
        std::shared_ptr<node> made;
    };
    using entries = std::map<std::string, std::shared_ptr<node>>;

    // Counts an operation; an error when it has to fail.
    result<void> operation(const std::string& call, const std::string& path);
    result<void> power(const std::string& path) const;
    void lose_unsaved(node& n);
    static void apply(const change& c, entries& to);
    std::uint64_t used() const;

    mutable std::mutex mutex_;
    std::mt19937_64 random_;
    entries now_;
    entries saved_;
    std::vector<change> unsaved_;
    std::uint64_t operations_ = 0;
    std::uint64_t cut_at_ = 0;
    std::uint64_t boot_ = 0;
    bool off_ = false;
    std::uint64_t capacity_ = 0;
    std::uint64_t bytes_written_ = 0;
    struct injected {
        std::string call;  // empty: any
        fault what;
        std::uint64_t first;
        std::uint64_t count;
    };
    std::vector<injected> faults_;
    std::optional<fault> failing_;  // the present operation's
    std::vector<std::string> calls_;
};

}  // namespace evergrass::log_store::testing

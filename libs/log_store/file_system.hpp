#pragma once

#include "libs/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::log_store {

// One open file. Not for two threads at once. Closed by its destructor, which saves nothing.
class file {
public:
    virtual ~file() = default;

    // Puts the parts, one after the other, at the end. On an error any prefix of them may have
    // been written: truncate() takes it away again.
    virtual result<void> append(std::span<const std::string_view> parts) = 0;

    // Reads from `offset` until `into` is full or the file ends; the number of bytes read.
    virtual result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) = 0;

    // When it has succeeded, what was appended survives a power cut, if the directory entry does.
    // After an error nobody knows what is on the disk, and a repetition that succeeds means
    // nothing: the kernel forgets which pages it failed to write.
    virtual result<void> sync() = 0;

    virtual result<void> truncate(std::uint64_t size) = 0;
    virtual result<std::uint64_t> size() = 0;
};

enum class open_mode {
    read,    // must exist
    append,  // read and append; must exist
    create,  // read and append; must not exist; readable by its owner alone
};

// The part of the operating system that a log needs, so that tests can cut its power. Paths are
// plain strings, '/' between the parts. Errors are log_errc where it has one, else the system's,
// with the path in the context.
class file_system {
public:
    virtual ~file_system() = default;

    virtual result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) = 0;
    // Replaces `to`. In effect at once or not at all; durable after sync_directory().
    virtual result<void> rename(const std::string& from, const std::string& to) = 0;
    virtual result<void> remove(const std::string& path) = 0;
    // Names of the entries, without "." and "..", in no order.
    virtual result<std::vector<std::string>> list(const std::string& directory) = 0;
    // Makes the directory and its missing parents, for their owner alone, durably.
    virtual result<void> make_directory(const std::string& path) = 0;
    // Makes creations, renames and removals in the directory survive a power cut.
    virtual result<void> sync_directory(const std::string& path) = 0;
};

}  // namespace evergrass::log_store

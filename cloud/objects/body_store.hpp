#pragma once

#include "libs/base/result.hpp"
#include "libs/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::cloud::objects {

// The bytes of a body, whole, for as long as this lives.
class open_body {
public:
    open_body() = default;
    open_body(const open_body&) = delete;
    open_body& operator=(const open_body&) = delete;
    virtual ~open_body() = default;

    virtual std::uint64_t size() const = 0;
    // From `offset` on, which is before the end: one byte at least, and `most` at most.
    virtual result<std::string> read(std::uint64_t offset, std::size_t most) = 0;
};

// A body on its way in. Nobody sees it before keep(), and without that it goes with this object, or
// is swept when the process ends first.
class new_body {
public:
    new_body() = default;
    new_body(const new_body&) = delete;
    new_body& operator=(const new_body&) = delete;
    virtual ~new_body() = default;

    virtual result<void> append(std::string_view bytes) = 0;
    // It is on the disk, and found by that name, when it returns; in place of what had the name.
    // Once, and the last that is called.
    virtual result<void> keep(const std::string& sha256) = 0;
};

// Where the bytes of objects and of parts of uploads are, each body by the SHA-256 (64 hex digits)
// of what it holds. Which of them are used is the caller's business (object_store), as is that a
// name is claimed before a body gets it. Any thread.
class body_store {
public:
    body_store() = default;
    body_store(const body_store&) = delete;
    body_store& operator=(const body_store&) = delete;
    virtual ~body_store() = default;

    // A body of these bytes is on the disk when it returns. One that is there and damaged is
    // written anew: putting an object again is how it is repaired.
    virtual result<void> write(const std::string& sha256, std::string_view content) = 0;
    // One that is put together; one at a time.
    virtual result<std::unique_ptr<new_body>> begin() = 0;
    // errc::not_found: it is not there; errc::corrupt: it is not whole.
    virtual result<std::shared_ptr<open_body>> open(std::string_view sha256) = 0;
    // Has the HTTP server send it, or the part of it that Range names; its size. Errors as
    // open()'s.
    virtual result<std::uint64_t> serve(std::string_view sha256, http::response& into) = 0;

    // Takes a file of folder() that is fsynced. It is gone afterwards.
    virtual result<void> adopt(const std::filesystem::path& fresh, const std::string& sha256) = 0;
    // Where files wait for adopt().
    virtual const std::filesystem::path& folder() const = 0;

    // It is not found any more. May be called in a transaction of the store, and be undone with it.
    virtual result<void> remove(const std::string& sha256) = 0;
    // All of them, after the database was emptied.
    virtual result<void> forget() = 0;
    // Begins what takes its time, on a thread of its own: giving free what was removed or not
    // finished, taking in what an earlier build had elsewhere. `claim` says whether a body is of
    // use, and keeps its name from being removed; it outlives this.
    virtual void look_after(std::function<result<bool>(const std::string& sha256)> claim) = 0;

    // For errors and logs.
    virtual std::string place_of(std::string_view sha256) const = 0;
};

}  // namespace evergrass::cloud::objects

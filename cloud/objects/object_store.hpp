#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/objects/body_store.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::objects {

struct bucket {
    std::string name;
    std::int64_t created_at = 0;  // milliseconds since 1970, as below
};

struct object {
    std::string key;
    std::string sha256;  // of its bytes: 64 hex digits, the name of their body
    std::int64_t size = 0;
    std::string etag;      // without its quotes
    json::object headers;  // what GetObject repeats: content-type, x-amz-meta-…
    std::int64_t modified_at = 0;
};

// What one body is put together of, and what it is then.
struct joined_body {
    std::string sha256;
    std::string md5;  // 32 hex digits, where it was asked for
    std::int64_t size = 0;
};

// Buckets and objects: rows in the service's database, the bytes in bodies that are named by their
// SHA-256, once for all objects that have them.
//
// An object that was answered is there after a power cut: its body is on the disk before its row is
// committed. Bodies that are no object's any more go ten minutes later, so that whoever was about
// to read one still can. Any thread; `state` and `time` outlive it.
class object_store {
public:
    object_store(store& state, const clock& time, std::unique_ptr<body_store> bodies, logger log);

    answer<std::vector<bucket>> list_buckets();
    // One that is there already stays as it is.
    answer<void> create_bucket(std::string_view name);
    // NoSuchBucket, BucketNotEmpty.
    answer<void> delete_bucket(std::string_view name);
    answer<void> require_bucket(std::string_view name);

    // Replaces an object of that key. NoSuchBucket.
    answer<object> put(std::string_view bucket, std::string_view key, std::string_view content,
                       json::object headers);
    // NoSuchBucket, NoSuchKey.
    answer<object> find(std::string_view bucket, std::string_view key);
    // An object that isn't there is as good as removed. NoSuchBucket.
    answer<void> remove(std::string_view bucket, std::string_view key);
    // The first object in the order of keys' bytes that is not before `from` and whose key begins
    // with `prefix`. The caller holds the store's lock.
    answer<std::optional<object>> first_from(std::string_view bucket, std::string_view prefix,
                                             std::string_view from);

    // The bytes, their digest checked: an error names a body that is missing or damaged, or has
    // more bytes.
    result<std::string> read(std::string_view sha256, std::size_t max_bytes) const;
    // Has the HTTP server send the bytes, or the part that Range names; how many all are. Errors:
    // body_store::serve.
    result<std::int64_t> serve(std::string_view sha256, http::response& into) const;

    // The same bytes under another key, or under the same with other headers. NoSuchBucket.
    answer<object> link(std::string_view bucket, std::string_view key, const object& content,
                        json::object headers);

    // For multipart uploads. A body of these bytes is on the disk when it returns, and stays for
    // ten minutes or as long as something refers to it.
    result<void> keep_body(const std::string& sha256, std::string_view content);
    // The bodies' bytes as one body, kept likewise. No MD5.
    result<joined_body> join_bodies(const std::vector<std::string>& sha256s);
    // `size` of a body's bytes, from `first` on, as a body of their own, kept likewise.
    result<joined_body> copy_range(const std::string& sha256, std::uint64_t first,
                                   std::uint64_t size);
    // A place in the service's folder for a file that adopt_file() then takes; what was there is
    // gone. One at a time.
    result<std::filesystem::path> fresh_file() const;
    // Takes such a file, which is fsynced, and keeps it likewise. No MD5.
    result<joined_body> adopt_file(const std::filesystem::path& fresh);
    // Keeps a body for another ten minutes; false: it is not there, or not whole, any more.
    result<bool> keep_again(const std::string& sha256);
    // Puts an object whose body is kept. The caller is in a transaction.
    result<void> insert(std::string_view bucket, const object& made);
    // Removes bodies that nothing refers to any more.
    void sweep();
    // Begins what is left to do of a process that ended, or of an earlier build: once, at the
    // start.
    void look_after();

    // Objects are at that URL (--upstream), and none is here: what is told to who looks for one.
    // Set before other threads use the store.
    void set_elsewhere(std::string url) { elsewhere_ = std::move(url); }

    // Removes all bodies, after the database was emptied (`--allow-reset`).
    result<void> forget_bodies();

    store& state() const { return state_; }
    const clock& time() const { return time_; }

private:
    std::int64_t now() const { return to_epoch_milliseconds(time_.now()); }
    result<void> claim(const std::string& sha256);
    result<bool> claim_if_used(const std::string& sha256);
    result<void> leave(std::string_view bucket, std::string_view key);
    result<void> sweep_old(std::int64_t before);

    store& state_;
    const clock& time_;
    logger log_;
    std::string elsewhere_{};
    std::unique_ptr<body_store> bodies_;  // the first to end: its threads use the store
};

}  // namespace evergrass::cloud::objects

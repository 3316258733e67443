#pragma once

#include "cloud/gateway/transaction.hpp"
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
    std::string sha256;  // of its bytes: 64 hex digits, the name of their file
    std::int64_t size = 0;
    std::string etag;      // without its quotes
    json::object headers;  // what GetObject repeats: content-type, x-amz-meta-…
    std::int64_t modified_at = 0;
};

// Buckets and objects: rows in the service's database, the bytes in files of their own that are
// named by their SHA-256 (docs/formats/service-data.md), once for all objects that have them.
//
// An object that was answered is there after a power cut: its file is fsynced before its row is
// committed. Files that are no object's any more go ten minutes later, so that whoever was about to
// read one still can. Any thread; `state` and `time` outlive it.
class object_store {
public:
    // `directory` is made with the first object.
    object_store(store& state, const clock& time, std::filesystem::path directory, logger log);

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

    std::filesystem::path file_of(std::string_view sha256) const;
    // The bytes, their digest checked: an error names a file that is missing or damaged.
    result<std::string> read(std::string_view sha256, std::size_t max_bytes) const;

    // The same bytes under another key, or under the same with other headers. NoSuchBucket.
    answer<object> link(std::string_view bucket, std::string_view key, const object& content,
                        json::object headers);

    // For multipart uploads. A file of these bytes is on the disk when it returns, and stays for
    // ten minutes or as long as something refers to it.
    result<void> keep_file(const std::string& sha256, std::string_view content);
    // The files' bytes as one file, kept likewise; its SHA-256.
    result<std::string> join_files(const std::vector<std::string>& sha256s);
    // A place in the store's folder for a file that adopt_file() then takes; what was there is
    // gone. One at a time.
    result<std::filesystem::path> fresh_file() const;
    // Takes such a file, which is fsynced, and keeps it likewise; its SHA-256.
    result<std::string> adopt_file(const std::filesystem::path& fresh);
    // Keeps a file for another ten minutes; false: it is not there any more.
    result<bool> keep_again(const std::string& sha256);
    // Puts an object whose file is kept. The caller is in a transaction.
    result<void> insert(std::string_view bucket, const object& made);
    // Removes files that nothing refers to any more.
    void sweep();

    // Objects are at that URL (--upstream), and none is here: what is told to who looks for one.
    // Set before other threads use the store.
    void set_elsewhere(std::string url) { elsewhere_ = std::move(url); }

    // Removes all files, after the database was emptied (`--allow-reset`).
    result<void> forget_files();

    store& state() const { return state_; }
    const clock& time() const { return time_; }

private:
    std::int64_t now() const { return to_epoch_milliseconds(time_.now()); }
    result<void> claim(const std::string& sha256);
    result<void> write(const std::string& sha256, std::string_view content) const;
    result<void> leave(std::string_view bucket, std::string_view key);
    result<void> name_file(const std::filesystem::path& fresh, const std::string& sha256);

    store& state_;
    const clock& time_;
    std::filesystem::path directory_;
    logger log_;
    std::string elsewhere_{};
};

}  // namespace evergrass::cloud::objects

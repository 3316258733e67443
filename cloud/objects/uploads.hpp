#pragma once

#include "cloud/objects/object_store.hpp"

#include <string>
#include <vector>

// Multipart uploads: parts are bodies beside those of objects until the upload is completed,
// aborted or a week old.
namespace evergrass::cloud::objects {

struct upload {
    std::string id;
    std::string bucket;
    std::string key;
    json::object headers;
    std::int64_t started_at = 0;  // milliseconds since 1970
};

struct stored_part {
    std::int64_t number = 0;  // 1 to 10000
    std::string sha256;
    std::int64_t size = 0;
    std::string etag;
    std::int64_t modified_at = 0;
};

// What CompleteMultipartUpload names: a part by its number and ETag.
struct named_part {
    std::int64_t number = 0;
    std::string etag;  // without its quotes
};

class upload_store {
public:
    explicit upload_store(object_store& objects) : objects_(objects) {}

    // NoSuchBucket.
    answer<upload> begin(const std::string& bucket, const std::string& key, json::object headers);
    // NoSuchUpload, also for one of another object.
    answer<upload> find(const std::string& bucket, const std::string& key, const std::string& id);
    // Durable when it returns, as an object is. A part of the same number is replaced.
    answer<stored_part> put(const upload& into, std::int64_t number, std::string_view content);
    // The same of `size` bytes of the body `sha256`, from `first` on.
    answer<stored_part> put_copy(const upload& into, std::int64_t number, const std::string& sha256,
                                 std::uint64_t first, std::uint64_t size);
    // From number `after` on, at most `most`.
    answer<std::vector<stored_part>> parts(const upload& of, std::int64_t after, std::int64_t most);
    // The object of these parts, in this order. InvalidPart, InvalidPartOrder, EntityTooSmall.
    answer<object> complete(const upload& of, const std::vector<named_part>& wanted);
    answer<void> abort(const upload& of);
    // By key, then id; behind (`key`, `id`).
    answer<std::vector<upload>> list(const std::string& bucket, const std::string& prefix,
                                     const std::string& key, const std::string& id,
                                     std::int64_t most);

private:
    answer<std::vector<stored_part>> chosen(const upload& of,
                                            const std::vector<named_part>& wanted);
    answer<stored_part> commit(const upload& into, stored_part made);
    result<void> forget(const std::string& id);
    result<void> forget_old();

    object_store& objects_;
};

}  // namespace evergrass::cloud::objects

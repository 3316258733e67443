#pragma once

#include "cloud/objects/object_store.hpp"
#include "cloud/upstream/client.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace evergrass::cloud::objects {

struct brought_object {
    std::string sha256;  // the name of its body in the object_store
    std::int64_t size = 0;
};

// Objects of an S3 that is elsewhere (`services.s3` of --upstream), brought into this service's
// store as they are needed. Any thread; one object at a time. `from` and `into` outlive it.
class upstream_objects {
public:
    upstream_objects(const upstream::client& from, object_store& into) : from_(from), into_(into) {}

    // Asks for the object as it is now, and downloads it unless its bytes are here (by its ETag).
    // The body stays for ten minutes, or as long as something refers to it. The caller does not
    // hold the store's lock. NoSuchKey 404, EntityTooLarge 400, AccessDenied 403; 503: S3 cannot be
    // reached, or says so.
    answer<brought_object> bring(const std::string& bucket, const std::string& key,
                                 std::int64_t max_bytes);

    std::string url() const { return from_.url_of("s3"); }

private:
    struct known_object {
        std::string etag;
        brought_object object;
    };

    const upstream::client& from_;
    object_store& into_;
    std::mutex mutex_;
    std::map<std::pair<std::string, std::string>, known_object> known_;
};

}  // namespace evergrass::cloud::objects

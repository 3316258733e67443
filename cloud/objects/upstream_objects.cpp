#include "cloud/objects/upstream_objects.hpp"

#include "cloud/upstream/refusal.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <charconv>

namespace evergrass::cloud::objects {
namespace {

// Bounds the memory; one that was forgotten is downloaded again.
constexpr std::size_t most_known = 10'000;

struct object_head {
    std::string etag;
    std::int64_t size = 0;
};

api_error unreachable(const error& why) {
    return {503, "ServiceUnavailable", why.message() + ". Try again later."};
}

answer<object_head> read_head(const http::response& answered, const std::string& name) {
    switch (answered.status) {
        case 200:
            break;
        case 404:
            return api_error{404, "NoSuchKey", name + " does not exist"};
        case 301:
        case 400:
            return api_error{400, "AuthorizationHeaderMalformed",
                             name + " was answered HTTP " + std::to_string(answered.status) +
                                 "; is the bucket in the region of 'services.s3' (--upstream)?"};
        case 401:
        case 403:
            return api_error{403, "AccessDenied",
                             name + " may not be read with the keys of --upstream"};
        default:
            return api_error{503, "ServiceUnavailable",
                             name + " was answered HTTP " + std::to_string(answered.status) +
                                 ". Try again later."};
    }
    object_head head;
    const auto length = answered.headers.get("content-length").value_or("");
    const auto* end = length.data() + length.size();
    const auto [stop, code] = std::from_chars(length.data(), end, head.size);
    if (code != std::errc() || stop != end || head.size < 0) {
        return api_error{503, "ServiceUnavailable", name + " was answered without Content-Length"};
    }
    head.etag = answered.headers.get("etag").value_or("");
    return head;
}

}  // namespace

answer<brought_object> upstream_objects::bring(const std::string& bucket, const std::string& key,
                                               std::int64_t max_bytes) {
    const std::lock_guard hold(mutex_);
    const auto name = "s3://" + bucket + "/" + key + " of " + url();
    const auto target = "/" + percent_encode(bucket) + "/" + percent_encode(key, true);
    http::request ask;
    ask.method = "HEAD";
    ask.target = target;
    const auto answered = from_.send("s3", std::move(ask));
    if (!answered) {
        return unreachable(answered.error());
    }
    auto head = read_head(*answered, name);
    if (!head) {
        return head.error();
    }
    if (head->size > max_bytes) {
        return api_error{400, "EntityTooLarge",
                         name + " has " + std::to_string(head->size) + " bytes; up to " +
                             std::to_string(max_bytes) + " are taken"};
    }
    const auto at = known_.find({bucket, key});
    if (at != known_.end() && !head->etag.empty() && at->second.etag == head->etag) {
        const auto kept = into_.keep_again(at->second.object.sha256);
        if (!kept) {
            return internal_error(kept.error());
        }
        if (*kept) {
            return at->second.object;
        }
    }
    const auto fresh = into_.fresh_file();
    if (!fresh) {
        return internal_error(fresh.error());
    }
    const auto loaded = from_.download("s3", target, *fresh, static_cast<std::uint64_t>(max_bytes));
    if (!loaded) {
        return loaded.error().code == errc::not_found
                   ? api_error{404, "NoSuchKey", name + " does not exist"}
                   : unreachable(loaded.error());
    }
    auto kept = into_.adopt_file(*fresh);
    if (!kept) {
        return internal_error(kept.error());
    }
    brought_object made{std::move(kept->sha256), kept->size};
    if (known_.size() >= most_known) {
        known_.clear();
    }
    known_.insert_or_assign({bucket, key}, known_object{std::move(head->etag), made});
    return made;
}

}  // namespace evergrass::cloud::objects

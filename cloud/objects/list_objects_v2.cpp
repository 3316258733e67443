#include "cloud/objects/operations.hpp"
#include "cloud/objects/page_size.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>

namespace evergrass::cloud::objects {
namespace {

struct listing {
    std::string prefix;
    std::string delimiter;
    std::string from;  // the first key that may be listed
    std::int64_t most = 0;
    bool as_url = false;

    std::string contents;
    std::string common;
    std::int64_t count = 0;
    std::optional<std::string> next;  // where the next page begins
    std::string last;                 // the last key or common prefix that is listed

    std::string shown(std::string_view text) const {
        return as_url ? percent_encode(text, true) : std::string(text);
    }
};

// The first text behind all that begin with `prefix`. No byte of UTF-8 is 0xff.
std::string behind(std::string prefix) {
    ++prefix.back();
    return prefix;
}

answer<listing> read_listing(const s3_request& what) {
    listing wanted;
    wanted.prefix = what.parameter("prefix").value_or("");
    wanted.delimiter = what.parameter("delimiter").value_or("");
    wanted.as_url = what.parameter("encoding-type") == "url";
    const auto most = page_size(what, "max-keys");
    if (!most) {
        return most.error();
    }
    wanted.most = *most;
    if (what.what == s3_operation::list_objects) {
        // The marker is the last key or common prefix of the page before.
        const auto marker = what.parameter("marker").value_or("");
        if (!marker.empty()) {
            const bool was_common =
                !wanted.delimiter.empty() && marker.ends_with(wanted.delimiter) &&
                marker.find(wanted.delimiter, wanted.prefix.size()) != std::string::npos;
            wanted.from = was_common ? behind(marker) : marker + '\0';
        }
        return wanted;
    }
    if (const auto token = what.parameter("continuation-token")) {
        const auto from = base64_decode(*token);
        if (!from || from->empty()) {
            return api_error{400, "InvalidArgument", "The continuation token is not one of ours."};
        }
        wanted.from = *from;
    } else if (const auto after = what.parameter("start-after"); after && !after->empty()) {
        wanted.from = *after + '\0';
    }
    return wanted;
}

void add(listing& into, const object& found) {
    const auto modified = wall_time(std::chrono::milliseconds(found.modified_at));
    into.contents += enclose("Contents", element("Key", into.shown(found.key)) +
                                             element("LastModified", format_iso8601(modified)) +
                                             element("ETag", "\"" + found.etag + "\"") +
                                             element("Size", std::to_string(found.size)) +
                                             element("StorageClass", "STANDARD"));
}

// Keys that are alike up to a delimiter behind the prefix count as one.
answer<void> fill(object_store& in, std::string_view bucket, listing& into) {
    for (;;) {
        const auto found = in.first_from(bucket, into.prefix, into.from);
        if (!found) {
            return found.error();
        }
        if (!*found) {
            return {};
        }
        if (into.count == into.most) {
            into.next = into.from;
            return {};
        }
        const auto& key = (*found)->key;
        const auto end = into.delimiter.empty() ? std::string::npos
                                                : key.find(into.delimiter, into.prefix.size());
        if (end == std::string::npos) {
            add(into, **found);
            into.from = key + '\0';
            into.last = key;
        } else {
            const auto shared = key.substr(0, end + into.delimiter.size());
            into.common += enclose("CommonPrefixes", element("Prefix", into.shown(shared)));
            into.from = behind(shared);
            into.last = shared;
        }
        ++into.count;
    }
}

std::string document(const s3_request& what, const listing& made) {
    const bool is_first_version = what.what == s3_operation::list_objects;
    auto xml = element("Name", what.bucket) + element("Prefix", made.shown(made.prefix)) +
               element("MaxKeys", std::to_string(made.most)) +
               element("IsTruncated", made.next ? "true" : "false");
    if (!made.delimiter.empty()) {
        xml += element("Delimiter", made.shown(made.delimiter));
    }
    if (made.as_url) {
        xml += element("EncodingType", "url");
    }
    if (is_first_version) {
        xml += element("Marker", made.shown(what.parameter("marker").value_or("")));
        return xml + (made.next ? element("NextMarker", made.shown(made.last)) : "") +
               made.contents + made.common;
    }
    xml += element("KeyCount", std::to_string(made.count));
    if (const auto token = what.parameter("continuation-token")) {
        xml += element("ContinuationToken", *token);
    }
    if (const auto after = what.parameter("start-after")) {
        xml += element("StartAfter", made.shown(*after));
    }
    if (made.next) {
        xml += element("NextContinuationToken", base64_encode(*made.next));
    }
    return xml + made.contents + made.common;
}

}  // namespace

// ListObjects too, which continues by a marker in place of a token.
answer<http::response> list_objects_v2(const s3_call& from) {
    auto wanted = read_listing(from.what);
    if (!wanted) {
        return wanted.error();
    }
    const auto hold = from.in.state().db().lock();
    if (const auto there = from.in.require_bucket(from.what.bucket); !there) {
        return there.error();
    }
    // Of no keys there is no next page either.
    if (wanted->most > 0) {
        if (const auto filled = fill(from.in, from.what.bucket, *wanted); !filled) {
            return filled.error();
        }
    }
    return xml_answer("ListBucketResult", document(from.what, *wanted));
}

}  // namespace evergrass::cloud::objects

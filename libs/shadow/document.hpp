#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/shadow/topics.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// AWS IoT's shadow documents (spec/cloud.md §5.1), as a value and what may be done to it: no I/O
// and no clock; times are seconds since 1970 and come from the caller. Errors are of shadow::errc
// with AWS IoT's texts. Any thread.
namespace evergrass::shadow {

// Of `desired` and `reported` together, printed compactly, without metadata.
inline constexpr std::size_t max_state_bytes = 8 * 1024;
// Objects and arrays inside one another, the section itself counted.
inline constexpr std::size_t max_depth = 6;
inline constexpr std::size_t max_client_token_bytes = 64;
// Of a request as it came: room for a full state with every character escaped and some blanks. What
// is larger is not looked at.
inline constexpr std::size_t max_request_bytes = 64 * 1024;

struct document {
    bool exists = false;       // false: never made, or deleted; then the two objects are empty
    std::int64_t version = 0;  // of the last accepted update; goes on after a delete
    // "desired" and "reported", each only while it has members. No null but inside arrays.
    json::object state;
    // The same structure; in the place of each leaf, and of each element of an array,
    // {"timestamp": seconds} of the update that wrote it.
    json::object metadata;
};

struct update_request {
    json::value state;                    // an object, or null: the document is emptied
    std::optional<std::int64_t> version;  // the update holds only for a document of this version
};

// Reads the payload of an update and checks all that does not depend on the document. Gives the
// client token, where it can be read, also when the rest is refused, so that the refusal carries
// it.
result<update_request> parse_update(std::string_view payload,
                                    std::optional<std::string>& client_token);

// Reads the payload of a get or a delete: nothing, or an object of which the client token matters.
result<void> parse_plain_request(std::string_view payload,
                                 std::optional<std::string>& client_token);

// The document after the update. Errors: version_conflict, too_large.
result<document> apply(document before, const update_request& update, std::int64_t now);

// The document after a delete: gone, its version kept. Error: not_found.
result<document> remove(const document& before, const shadow_id& which);

// The error of whoever asks for a shadow that isn't there.
error no_such_shadow(const shadow_id& which);

// What `desired` has and `reported` hasn't, or has otherwise: objects are compared member by
// member, arrays and the rest as wholes, numbers by value (21 equals 21.0). What is in `reported`
// alone makes no difference.
struct difference {
    json::object state;
    json::object metadata;  // of those members of `desired`
    bool empty() const { return state.empty(); }
};
difference delta_of(const document& of);

}  // namespace evergrass::shadow

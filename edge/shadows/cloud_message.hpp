#pragma once

#include "libs/base/json.hpp"
#include "libs/shadow/topics.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::edge {

// What the cloud's shadow service says about a shadow: `accepted` or `rejected` of one of its
// requests, ours or somebody else's (spec/cloud.md §5.1).
struct cloud_message {
    shadow::shadow_id which;
    shadow::operation asked = shadow::operation::get;
    bool accepted = false;
    std::string token;         // clientToken, or empty
    std::int64_t version = 0;  // of the document; of one that was deleted the last
    // get: the whole state, without nulls. update: what was sent, nulls and all.
    json::object state;
    bool empties = false;  // an update with "state": null
    int code = 0;          // rejected
    std::string message;
};

// Outside bytes. Nothing: it is no such message, or lacks what it needs; then it is not looked at.
std::optional<cloud_message> parse_cloud_message(std::string_view topic, std::string_view payload);

}  // namespace evergrass::edge

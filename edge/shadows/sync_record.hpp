#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"
#include "libs/shadow/document.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace evergrass::edge {

// Which way changes of a synced shadow go.
enum class sync_direction { both, to_cloud, to_device };

// What is kept of a synced shadow besides its document.
struct sync_record {
    // Did the cloud have it, when it was last heard of?
    bool in_cloud = false;
    std::int64_t cloud_version = 0;
    // The cloud's state at that version, which the local document has taken in: what differs is
    // what the core has still to tell. Of a shadow that goes to the cloud only: what was told.
    json::object base;
    // The `state` of an update that was sent for that version, until it is known what became of it.
    std::optional<json::object> sent;
};

// Where the documents and the records are. What is written between two calls of the engine is kept
// as a whole or not at all; that is for whoever calls the engine.
class sync_store {
public:
    virtual ~sync_store() = default;
    virtual result<shadow::document> document(const shadow::shadow_id& which) = 0;
    virtual result<sync_record> record(const shadow::shadow_id& which) = 0;
    virtual result<void> keep(const shadow::shadow_id& which, const sync_record& what) = 0;
    // Change the local document, as a request does, and tell those who follow it. Errors of
    // shadow_category: the document can't become that; nothing is changed.
    virtual result<void> update(const shadow::shadow_id& which,
                                const shadow::update_request& change) = 0;
    virtual result<void> remove(const shadow::shadow_id& which) = 0;
    // Runs the work as a whole: what it wrote is undone when it fails.
    virtual result<void> together(const std::function<result<void>()>& work) = 0;
};

}  // namespace evergrass::edge

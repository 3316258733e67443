#pragma once

#include "libs/base/json.hpp"

// What makes one state of a document from another, for those who carry changes between two copies
// of a shadow. A state is document::state: "desired" and "reported", each only while it has
// members.
namespace evergrass::shadow {

// As shadows compare: numbers by value (21 equals 21.0), objects without regard to order.
bool same(const json::value& a, const json::value& b);
bool same(const json::object& a, const json::object& b);

// The smallest `state` of an update that makes `to` of `from`: the leaves that differ, null for
// what is gone. Empty: they are the same.
json::object change_between(const json::object& from, const json::object& to);

// The state after an update with this `state`. Members that are no section are left out.
json::object with_change(json::object state, const json::object& change);

enum class winner { local, remote };

// One section of two copies that were both `base` once: each leaf is what the side that changed it
// has made of it; what both changed, and not alike, is the winner's. Arrays are leaves. An object
// that one side removed or replaced as a whole is one leaf.
json::object merge_changes(const json::object& base, const json::object& local,
                           const json::object& remote, winner of_both);

// `base` with those leaves of `candidate` that `remote` has too: what of a change is known to have
// arrived there.
json::object arrived(const json::object& base, const json::object& candidate,
                     const json::object& remote);

}  // namespace evergrass::shadow

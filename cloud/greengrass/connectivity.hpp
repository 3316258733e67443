#pragma once

#include "cloud/greengrass/records.hpp"

#include <string>
#include <string_view>

// Where a core's devices reach it (spec/cloud.md §1.8): one record a thing, written by the API and
// by the core's own address detector alike, each time in whole. The caller holds the store's lock.
namespace evergrass::cloud::greengrass {

// Entries in the API's spelling; empty when there is no record.
result<json::array> connectivity_of(store& state, std::string_view thing);

// The version of the record, another one after each change; empty when there is none.
result<std::string> connectivity_version_of(store& state, std::string_view thing);

// Takes the known members of each entry; the error names the one that is wrong.
result<json::array> read_connectivity_entries(const json::array& sent);

// Returns the record's new version.
result<std::string> set_connectivity(store& state, std::string_view thing,
                                     const json::array& entries);

// What the core's detector found takes the place of what it had found ("AUTOIP_…"), and of entries
// with the same Id; the owner's other ones stay. Returns the record's version, which is the old one
// where nothing changes.
result<std::string> set_detected_connectivity(store& state, std::string_view thing,
                                              const json::array& detected);

}  // namespace evergrass::cloud::greengrass

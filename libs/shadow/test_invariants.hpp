#pragma once

#include "libs/shadow/document.hpp"

#include <optional>
#include <string>
#include <string_view>

// What holds for every document, whatever updates made it. For the unit test and the fuzz target.
namespace evergrass::shadow {

// Has a null outside arrays?
inline bool has_null(const json::value& value) {
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            if (has_null(member.value())) {
                return true;
            }
        }
        return false;
    }
    return value.is_null();
}

// Is `metadata` a mirror of `value`, with {"timestamp": at most `now`} at the leaves?
inline bool mirrors(const json::value& metadata, const json::value& value, std::int64_t now) {
    if (const auto* object = value.if_object()) {
        const auto* mirror = metadata.if_object();
        if (mirror == nullptr || mirror->size() != object->size()) {
            return false;
        }
        for (const auto& member : *object) {
            const auto* other = mirror->if_contains(member.key());
            if (other == nullptr || !mirrors(*other, member.value(), now)) {
                return false;
            }
        }
        return true;
    }
    if (const auto* array = value.if_array()) {
        const auto* mirror = metadata.if_array();
        if (mirror == nullptr || mirror->size() != array->size()) {
            return false;
        }
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (!mirrors((*mirror)[i], (*array)[i], now)) {
                return false;
            }
        }
        return true;
    }
    const auto* leaf = metadata.if_object();
    return leaf != nullptr && leaf->size() == 1 && int_member(*leaf, "timestamp") &&
           *int_member(*leaf, "timestamp") <= now;
}

// What is wrong with the document that an update at `now` or before has made; nothing: all is well.
inline std::optional<std::string> broken_invariant(const document& of, std::int64_t now) {
    if (!of.exists && (!of.state.empty() || !of.metadata.empty())) {
        return "a document that does not exist has content";
    }
    for (const auto& section : of.state) {
        const auto* object = section.value().if_object();
        if (object == nullptr || object->empty()) {
            return "a section is empty or no object";
        }
        if (has_null(section.value())) {
            return "a null is kept";
        }
    }
    if (!mirrors(of.metadata, of.state, now)) {
        return "the metadata is no mirror of the state";
    }
    // A device that reports what it is told to has nothing left to do, and delta says no more than
    // it has to: reporting it, null for what was not there, changes nothing else.
    const auto delta = delta_of(of);
    const auto* desired = object_member(of.state, "desired");
    if (!delta.empty() && (desired == nullptr || !mirrors(delta.metadata, delta.state, now))) {
        return "delta has members without desired, or metadata that is no mirror";
    }
    update_request report;
    report.state = json::object{{"reported", delta.state}};
    const auto settled = apply(of, report, now);
    if (settled && !delta_of(*settled).empty()) {
        return "delta is left after it was reported";
    }
    return std::nullopt;
}

}  // namespace evergrass::shadow

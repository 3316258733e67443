#pragma once

#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evergrass::contract {

// Reads the members of one JSON object and remembers the first fault, so that a parser reads a
// whole structure and looks once. `where` is the object's place ("functions[2]") for the message.
class field_reader {
public:
    field_reader(const json::object& object, std::string where)
        : object_(object), where_(std::move(where)) {}

    // Missing or null gives the default; another kind than asked for is a fault.
    std::string text(std::string_view name, std::string_view fallback = "");
    std::int64_t integer(std::string_view name, std::int64_t fallback);
    bool boolean(std::string_view name, bool fallback);
    const json::object* object(std::string_view name);
    const json::array* array(std::string_view name);
    // As text(), and a missing or empty one is a fault too.
    std::string required_text(std::string_view name);

    // "functions[2].arn"
    std::string place(std::string_view name) const;
    // Notes a fault that the caller found; only the first is kept.
    void fail(std::string_view name, std::string_view what);
    const result<void>& outcome() const { return outcome_; }

private:
    const json::value* present(std::string_view name) const;

    const json::object& object_;
    std::string where_;
    result<void> outcome_;
};

}  // namespace evergrass::contract

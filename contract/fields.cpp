#include "contract/fields.hpp"

#include "libs/base/errors.hpp"

namespace evergrass::contract {

const json::value* field_reader::present(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string field_reader::text(std::string_view name, std::string_view fallback) {
    const auto* value = present(name);
    if (value == nullptr) {
        return std::string(fallback);
    }
    if (!value->is_string()) {
        fail(name, "is not a string");
        return {};
    }
    return std::string(value->get_string());
}

std::string field_reader::required_text(std::string_view name) {
    auto value = text(name);
    if (value.empty()) {
        fail(name, "is missing or empty");
    }
    return value;
}

std::int64_t field_reader::integer(std::string_view name, std::int64_t fallback) {
    const auto* value = present(name);
    if (value == nullptr) {
        return fallback;
    }
    boost::system::error_code code;
    const auto number = value->is_number() ? value->to_number<std::int64_t>(code) : 0;
    if (!value->is_number() || code) {
        fail(name, "is not a whole number");
    }
    return number;
}

bool field_reader::boolean(std::string_view name, bool fallback) {
    const auto* value = present(name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->is_bool()) {
        fail(name, "is neither true nor false");
        return fallback;
    }
    return value->get_bool();
}

const json::object* field_reader::object(std::string_view name) {
    const auto* value = present(name);
    if (value != nullptr && !value->is_object()) {
        fail(name, "is not an object");
        return nullptr;
    }
    return value == nullptr ? nullptr : &value->get_object();
}

const json::array* field_reader::array(std::string_view name) {
    const auto* value = present(name);
    if (value != nullptr && !value->is_array()) {
        fail(name, "is not an array");
        return nullptr;
    }
    return value == nullptr ? nullptr : &value->get_array();
}

std::string field_reader::place(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
}

void field_reader::fail(std::string_view name, std::string_view what) {
    if (outcome_) {
        outcome_ = error{errc::invalid_input, "'" + place(name) + "' " + std::string(what)};
    }
}

}  // namespace evergrass::contract

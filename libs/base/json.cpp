#include "libs/base/json.hpp"

#include "libs/base/errors.hpp"

#include <boost/json/parser.hpp>

namespace evergrass {

result<json::value> parse_json(std::string_view text, std::size_t max_depth) {
    json::parse_options options;
    options.max_depth = max_depth;
    json::parser parser({}, options);
    boost::system::error_code code;
    const auto read = parser.write_some(text.data(), text.size(), code);
    if (!code) {
        // What follows the value may only be white space.
        const auto rest = text.substr(read).find_first_not_of(" \t\r\n");
        if (rest != std::string_view::npos) {
            code = json::error::extra_data;
        }
    }
    if (code) {
        std::size_t line = 1;
        std::size_t column = 1;
        for (std::size_t i = 0; i < read && i < text.size(); ++i) {
            if (text[i] == '\n') {
                ++line;
                column = 1;
            } else {
                ++column;
            }
        }
        return error{errc::invalid_input, "not valid JSON at line " + std::to_string(line) +
                                              ", column " + std::to_string(column) + " (" +
                                              code.message() + ")"};
    }
    return parser.release();
}

std::optional<std::string> string_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::optional<std::int64_t> int_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    boost::system::error_code code;
    const auto number = value->to_number<std::int64_t>(code);
    return code ? std::nullopt : std::optional(number);
}

std::optional<bool> bool_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_bool()) {
        return std::nullopt;
    }
    return value->get_bool();
}

const json::object* object_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr ? value->if_object() : nullptr;
}

const json::array* array_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr ? value->if_array() : nullptr;
}

namespace {

void append_pretty(std::string& out, const json::value& value, std::size_t indent) {
    const auto line = [&](std::size_t depth) { out.append("\n").append(depth * 2, ' '); };
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        const char* separator = "";
        for (const auto& member : *object) {
            out += separator;
            line(indent + 1);
            out += json::serialize(json::string(member.key()));
            out += ": ";
            append_pretty(out, member.value(), indent + 1);
            separator = ",";
        }
        line(indent);
        out += '}';
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        const char* separator = "";
        for (const auto& element : *array) {
            out += separator;
            line(indent + 1);
            append_pretty(out, element, indent + 1);
            separator = ",";
        }
        line(indent);
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string to_pretty_json(const json::value& value) {
    std::string out;
    append_pretty(out, value, 0);
    out += '\n';
    return out;
}

}  // namespace evergrass

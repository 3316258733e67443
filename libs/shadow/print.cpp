#include "libs/shadow/print.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace evergrass::shadow {
namespace {

void append_text(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 0xFU];
        } else {
            out += c;
        }
    }
    out += '"';
}

template <class Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> buffer{};  // the longest double has 24 characters
    const auto [end, failed] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    static_cast<void>(failed);
    out.append(buffer.data(), end);
}

void append_double(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    const auto start = out.size();
    append_number(out, number);
    if (out.find_first_of(".e", start) == std::string::npos) {
        out += ".0";
    }
}

void append(std::string& out, const json::value& value);

void append_object(std::string& out, const json::object& object) {
    out += '{';
    bool first = true;
    for (const auto& member : object) {
        if (!first) {
            out += ',';
        }
        first = false;
        append_text(out, member.key());
        out += ':';
        append(out, member.value());
    }
    out += '}';
}

void append_array(std::string& out, const json::array& array) {
    out += '[';
    bool first = true;
    for (const auto& element : array) {
        if (!first) {
            out += ',';
        }
        first = false;
        append(out, element);
    }
    out += ']';
}

void append(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            break;
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            break;
        case json::kind::int64:
            append_number(out, value.get_int64());
            break;
        case json::kind::uint64:
            append_number(out, value.get_uint64());
            break;
        case json::kind::double_:
            append_double(out, value.get_double());
            break;
        case json::kind::string:
            append_text(out, value.get_string());
            break;
        case json::kind::array:
            append_array(out, value.get_array());
            break;
        case json::kind::object:
            append_object(out, value.get_object());
            break;
    }
}

}  // namespace

std::string print(const json::value& value) {
    std::string out;
    append(out, value);
    return out;
}

std::string print(const json::object& value) {
    std::string out;
    append_object(out, value);
    return out;
}

}  // namespace evergrass::shadow

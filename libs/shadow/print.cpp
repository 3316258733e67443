#include "libs/shadow/print.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <type_traits>

namespace evergrass::shadow {
namespace {

// Where the text goes: into memory, or nowhere but into a count.
class text_sink {
public:
    explicit text_sink(std::string& out) : out_(out) {}
    void put(char c) { out_ += c; }
    void put(std::string_view text) { out_ += text; }

private:
    std::string& out_;
};

class counting_sink {
public:
    void put(char) { ++bytes_; }
    void put(std::string_view text) { bytes_ += text.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    std::size_t bytes_ = 0;
};

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

template <class Sink>
void put_escaped(Sink& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
        case '"':
            out.put("\\\"");
            break;
        case '\\':
            out.put("\\\\");
            break;
        case '\n':
            out.put("\\n");
            break;
        case '\r':
            out.put("\\r");
            break;
        case '\t':
            out.put("\\t");
            break;
        default:
            out.put("\\u00");
            out.put(digits[byte >> 4U]);
            out.put(digits[byte & 0xFU]);
    }
}

template <class Sink>
void put_text(Sink& out, std::string_view text) {
    out.put('"');
    auto plain = text.begin();
    for (auto at = text.begin(); at != text.end(); ++at) {
        if (needs_escape(*at)) {
            out.put(std::string_view(plain, at));
            put_escaped(out, *at);
            plain = at + 1;
        }
    }
    out.put(std::string_view(plain, text.end()));
    out.put('"');
}

template <class Sink, class Number>
void put_number(Sink& out, Number number) {
    std::array<char, 32> buffer{};  // the longest double has 24 characters
    const auto [end, failed] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    static_cast<void>(failed);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    out.put(text);
    if (std::is_floating_point_v<Number> && text.find_first_of(".e") == std::string_view::npos) {
        out.put(".0");
    }
}

template <class Sink>
void put_value(Sink& out, const json::value& value);

template <class Sink>
void put_object(Sink& out, const json::object& object) {
    out.put('{');
    bool first = true;
    for (const auto& member : object) {
        if (!first) {
            out.put(',');
        }
        first = false;
        put_text(out, member.key());
        out.put(':');
        put_value(out, member.value());
    }
    out.put('}');
}

template <class Sink>
void put_array(Sink& out, const json::array& array) {
    out.put('[');
    bool first = true;
    for (const auto& element : array) {
        if (!first) {
            out.put(',');
        }
        first = false;
        put_value(out, element);
    }
    out.put(']');
}

template <class Sink>
void put_value(Sink& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            out.put("null");
            break;
        case json::kind::bool_:
            out.put(value.get_bool() ? std::string_view("true") : std::string_view("false"));
            break;
        case json::kind::int64:
            put_number(out, value.get_int64());
            break;
        case json::kind::uint64:
            put_number(out, value.get_uint64());
            break;
        case json::kind::double_:
            if (std::isfinite(value.get_double())) {
                put_number(out, value.get_double());
            } else {
                out.put("null");
            }
            break;
        case json::kind::string:
            put_text(out, value.get_string());
            break;
        case json::kind::array:
            put_array(out, value.get_array());
            break;
        case json::kind::object:
            put_object(out, value.get_object());
            break;
    }
}

}  // namespace

std::string print(const json::value& value) {
    std::string out;
    text_sink sink(out);
    put_value(sink, value);
    return out;
}

std::string print(const json::object& value) {
    std::string out;
    text_sink sink(out);
    put_object(sink, value);
    return out;
}

std::size_t printed_size(const json::value& value) {
    counting_sink sink;
    put_value(sink, value);
    return sink.bytes();
}

}  // namespace evergrass::shadow

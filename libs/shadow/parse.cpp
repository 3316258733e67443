#include "libs/shadow/parse.hpp"

#include "libs/base/errors.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <cmath>

namespace evergrass::shadow {
namespace {

using boost::system::error_code;
using text_view = json::string_view;

// The events of Boost.JSON's parser, built into a value.
struct value_builder {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    json::value_stack stack;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t members, error_code&) {
        stack.push_object(members);
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t elements, error_code&) {
        stack.push_array(elements);
        return true;
    }
    bool on_key_part(text_view part, std::size_t, error_code&) {
        stack.push_chars(part);
        return true;
    }
    bool on_key(text_view last_part, std::size_t, error_code&) {
        stack.push_key(last_part);
        return true;
    }
    bool on_string_part(text_view part, std::size_t, error_code&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(text_view last_part, std::size_t, error_code&) {
        stack.push_string(last_part);
        return true;
    }
    bool on_number_part(text_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, text_view, error_code&) {
        stack.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, text_view, error_code&) {
        stack.push_uint64(number);
        return true;
    }
    // The whole text is there at once, so `text` is the whole number.
    bool on_double(double about, text_view text, error_code&) {
        double number = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool is_read = failed == std::errc() && end == text.data() + text.size();
        // Out of range: too large, or too near to 0.
        const double limit = std::isinf(about) ? about : 0.0;
        stack.push_double(is_read ? number : limit);
        return true;
    }
    bool on_bool(bool value, error_code&) {
        stack.push_bool(value);
        return true;
    }
    bool on_null(error_code&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(text_view, error_code&) { return true; }
    bool on_comment(text_view, error_code&) { return true; }
};

}  // namespace

result<json::value> parse(std::string_view text, std::size_t max_depth) {
    json::parse_options options;
    options.max_depth = max_depth;
    json::basic_parser<value_builder> parser(options);
    auto& stack = parser.handler().stack;
    stack.reset();
    error_code code;
    const auto read = parser.write_some(false, text.data(), text.size(), code);
    if (!code && text.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
        code = json::error::extra_data;
    }
    if (code) {
        return error{evergrass::errc::invalid_input, "not valid JSON (" + code.message() + ")"};
    }
    return stack.release();
}

}  // namespace evergrass::shadow

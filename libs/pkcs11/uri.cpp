#include "libs/pkcs11/uri.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace evergrass::pkcs11 {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::size_t longest = 4'096;

using text_member = std::optional<std::string> uri::*;
struct attribute {
    std::string_view name;
    text_member member;  // null: taken and left out
};

constexpr std::array<attribute, 11> path_attributes = {{
    {"token", &uri::token},
    {"manufacturer", &uri::manufacturer},
    {"model", &uri::model},
    {"serial", &uri::serial},
    {"object", &uri::object},
    {"id", &uri::id},
    {"type", &uri::type},
    {"library-manufacturer", nullptr},
    {"library-description", nullptr},
    {"library-version", nullptr},
    {"slot-description", nullptr},
}};
constexpr std::array<attribute, 4> query_attributes = {{
    {"pin-source", &uri::pin_source},
    {"pin-value", &uri::pin_value},
    {"module-name", &uri::module_name},
    {"module-path", &uri::module_path},
}};
constexpr std::array<std::string_view, 5> types = {"public", "private", "cert", "secret-key",
                                                   "data"};

error wrong(std::string what) {
    return {errc::invalid_input, "PKCS#11 URI: " + std::move(what)};
}

bool is_vendors(std::string_view name) {
    return name.starts_with("x-");
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

// RFC 7512 §2.3: what stands for itself in a value.
bool is_literal(char c, bool in_query) {
    constexpr std::string_view both = "-._~:[]@!$'()*+,=%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           both.find(c) != std::string_view::npos ||
           (in_query ? c == '/' || c == '?' || c == '|' : c == '&');
}

result<void> read_slot(const std::string& value, uri& into) {
    std::uint64_t number = 0;
    const auto* end = value.data() + value.size();
    const auto [stop, code] = std::from_chars(value.data(), end, number);
    if (code != std::errc() || stop != end) {
        return wrong("slot-id is not a number");
    }
    into.slot_id = number;
    return {};
}

template <class Known>
result<void> read_attribute(std::string_view text, const Known& known, bool in_query,
                            std::set<std::string, std::less<>>& seen, uri& into) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string_view::npos || !is_name(name)) {
        return wrong("an attribute is not NAME=VALUE");
    }
    if (!seen.emplace(name).second) {
        return wrong(std::string(name) + " is there twice");
    }
    const auto encoded = text.substr(equals + 1);
    if (!std::ranges::all_of(encoded, [&](char c) { return is_literal(c, in_query); })) {
        return wrong(std::string(name) + " has a character that must be percent-encoded");
    }
    auto value = percent_decode(encoded);
    if (!value) {
        return wrong(std::string(name) + " has a broken percent-encoding");
    }
    if (name == "slot-id" && !in_query) {
        return read_slot(*value, into);
    }
    const auto found = std::ranges::find(known, name, &attribute::name);
    if (found == known.end()) {
        return is_vendors(name) ? result<void>()
                                : wrong(std::string(name) + " is not an attribute that it has");
    }
    if (name == "type" && std::ranges::find(types, *value) == types.end()) {
        return wrong("type is not public, private, cert, secret-key or data");
    }
    if (found->member != nullptr) {
        into.*(found->member) = std::move(*value);
    }
    return {};
}

template <class Known>
result<void> read_part(std::string_view text, char separator, const Known& known, bool in_query,
                       uri& into) {
    std::set<std::string, std::less<>> seen;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (auto read = read_attribute(text.substr(0, end), known, in_query, seen, into); !read) {
            return read;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

}  // namespace

bool is_uri(std::string_view text) {
    return text.starts_with(scheme);
}

result<uri> parse_uri(std::string_view text) {
    if (!is_uri(text)) {
        return wrong("it does not begin with pkcs11:");
    }
    if (text.size() > longest) {
        return wrong("it is longer than 4096 bytes");
    }
    text.remove_prefix(scheme.size());
    const auto question = std::min(text.find('?'), text.size());
    uri read;
    auto done = read_part(text.substr(0, question), ';', path_attributes, false, read);
    if (done && question < text.size()) {
        done = read_part(text.substr(question + 1), '&', query_attributes, true, read);
    }
    if (!done) {
        return done.error();
    }
    return read;
}

result<std::string> path_of_pin_source(const std::string& pin_source) {
    std::string_view path = pin_source;
    if (path.starts_with("file:")) {
        path.remove_prefix(5);
        if (path.starts_with("//")) {
            path.remove_prefix(2);
            const auto host_end = path.find('/');
            const auto host = path.substr(0, host_end);
            if (host_end == std::string_view::npos || (!host.empty() && host != "localhost")) {
                return wrong("pin-source is a file: URI of another machine");
            }
            path.remove_prefix(host_end);
        }
    } else if (path.starts_with('|') || path.find(':') != std::string_view::npos) {
        return error{errc::unsupported, "PKCS#11 URI: pin-source must be a file"};
    }
    if (path.empty()) {
        return wrong("pin-source names no file");
    }
    return std::string(path);
}

}  // namespace evergrass::pkcs11

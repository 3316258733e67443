#pragma once

#include "libs/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evergrass::pkcs11 {

// A PKCS#11 URI (RFC 7512): which token and which object in it. What is not said may be any.
struct uri {
    std::optional<std::string> token;  // its label
    std::optional<std::string> manufacturer;
    std::optional<std::string> model;
    std::optional<std::string> serial;
    std::optional<std::uint64_t> slot_id;
    std::optional<std::string> object;  // the object's label
    std::optional<std::string> id;      // CKA_ID, raw bytes
    std::optional<std::string> type;    // public, private, cert, secret-key or data
    // Of the query.
    std::optional<std::string> pin_source;  // a file, as a path or a file: URI
    std::optional<std::string> pin_value;
    std::optional<std::string> module_name;
    std::optional<std::string> module_path;
};

bool is_uri(std::string_view text);  // begins with pkcs11:

// The error names the attribute, and never a value: one may be the PIN. Attributes of the library,
// and those of vendors, are taken and left out.
result<uri> parse_uri(std::string_view text);

// `file:/path`, `file:///path` or a path; errc::unsupported for what RFC 7512 leaves to the reader,
// such as a command.
result<std::string> path_of_pin_source(const std::string& pin_source);

}  // namespace evergrass::pkcs11

#pragma once

#include "libs/base/result.hpp"
#include "libs/base/secret_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::edge {

// As AWS Secrets Manager has them.
struct secret_version {
    std::string id;
    std::vector<std::string> stages;  // AWSCURRENT, AWSPREVIOUS, labels of the user's own
    std::int64_t created_at_ms = 0;   // since 1970, UTC
    bool is_binary = false;
    secret_text value;  // UTF-8, or raw bytes when it is binary; at most 64 KiB
};

struct secret {
    std::string arn;
    std::string name;
    std::vector<secret_version> versions;  // one at least; a stage belongs to one of them at most
};

inline constexpr std::string_view current_stage = "AWSCURRENT";

// The stored form: docs/formats/secrets.md. The error names the member, never a value.
result<secret> parse_secret(std::string_view text);
result<secret> read_secret(const json::value& document);
json::object to_json(const secret& s);  // in secret_storage()
std::string to_json_text(const secret& s);

}  // namespace evergrass::edge

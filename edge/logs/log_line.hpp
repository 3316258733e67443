#pragma once

#include "libs/base/log.hpp"
#include "libs/base/time.hpp"

#include <optional>
#include <string_view>

namespace evergrass::edge {

// What stands before the text of a line of our logs, "[2020-02-20T01:05:20.372Z][INFO]-…"
// (spec/core.md §15).
struct line_head {
    std::int64_t at_ms = 0;  // since 1970, UTC
    log_level level = log_level::info;
};

// nullopt: the line has none, as the later ones of a text that was written whole.
std::optional<line_head> read_line_head(std::string_view line);

}  // namespace evergrass::edge

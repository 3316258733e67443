#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace evergrass::edge {

// The sessions that the cloud keeps for this core, and what they may be subscribed to
// (docs/formats/cloud-sessions.md).
struct kept_sessions {
    std::string client_ids;  // what the numbers are appended to: "<thing>-c"
    std::map<unsigned, std::set<std::string>> filters;
};

// Outside bytes. Errors: errc::corrupt, with the member.
result<kept_sessions> parse_session_text(std::string_view text);
std::string write_session_text(const kept_sessions& sessions);

// No file: no sessions. errc::corrupt, unsupported (a later version) name the file.
result<kept_sessions> read_session_file(const std::filesystem::path& file);
// By rename, fsynced: after a power cut the old or the new one is there. Mode 0600.
result<void> write_session_file(const std::filesystem::path& file, std::string_view text);

}  // namespace evergrass::edge

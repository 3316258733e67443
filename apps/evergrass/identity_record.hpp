#pragma once

#include "libs/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cli {

// One thing that was made at a service and can be unmade there.
struct made_item {
    enum class kind { thing, certificate, policy, definition, group, membership };
    kind what = kind::thing;
    // The thing's or policy's name; the certificate's, definition's or group's id; of a membership
    // the group's id.
    std::string id;
    // The certificate's ARN; the definition's family ("cores"); the group's name; of a membership
    // the thing's ARN; else empty.
    std::string of;

    bool operator==(const made_item&) const = default;
};

// What `evergrass provision` or `evergrass device add` made, in the order of making: what undo
// unmakes from the end. A file beside the bundle (docs/formats/identity-record.md), saved after
// each step, before the next one begins.
struct identity_record {
    std::string purpose;  // "core" or "device"
    std::string name;     // the thing's
    std::string api;      // https://host:port of the service
    std::string region;
    std::string bundle;     // path of the bundle; empty while there is none
    bool complete = false;  // false: the run that wrote it was interrupted
    std::vector<made_item> made;
};

// "thing", "certificate" …, as the file has it.
std::string_view to_text(made_item::kind what);

std::string to_json_text(const identity_record& record);
// The error names the member that is missing or of the wrong kind.
result<identity_record> parse_identity_record(std::string_view text);

// nullopt when there is none. Refuses a damaged one and says what to do.
result<std::optional<identity_record>> load_identity_record(const std::filesystem::path& path);
result<void> save_identity_record(const std::filesystem::path& path, const identity_record& record);

// Beside the bundle: "pump.tar.gz" -> "pump.identity.json".
std::filesystem::path record_path(const std::filesystem::path& bundle);

}  // namespace evergrass::cli

#pragma once

#include "libs/base/result.hpp"
#include "libs/v1_core/config_file.hpp"
#include "libs/v1_core/findings.hpp"
#include "libs/v1_core/group_file.hpp"
#include "libs/v1_core/old_models.hpp"
#include "libs/v1_core/old_shadows.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The installed tree of a V1 core, 1.0 to 1.11 (spec/on-disk.md §2). Reads only: nothing below the
// tree is written, and no program in it is run.
namespace evergrass::v1 {

struct tree_places {
    std::filesystem::path root = "/greengrass";
    // Where Docker or an owner keeps them apart from the root; each may be missing.
    std::optional<std::filesystem::path> config{};  // the folder of config.json, or the file
    std::optional<std::filesystem::path> certs{};
    std::optional<std::filesystem::path> deployment{};  // with group/ and lambda/
    std::optional<std::filesystem::path> state{};       // var/state
    std::optional<std::filesystem::path> group_file{};  // the one that the owner picked
};

struct group_candidate {
    std::filesystem::path path;
    bool deployed = false;
    bool readable = false;
    std::string note;
};

struct old_core {
    tree_places places;
    std::filesystem::path config_path;  // empty: there is none
    std::filesystem::path certs;
    std::filesystem::path write_directory;  // <root>/ggc or writeDirectory
    std::filesystem::path deployment;       // empty: there is none
    std::filesystem::path state;            // likewise
    std::vector<std::string> versions;      // of ggc/packages: installed releases
    std::optional<old_config> config;
    std::optional<old_group> group;  // nullopt: no group.json, or it stands for nothing deployed
    std::filesystem::path group_path;
    std::string group_text;                             // byte for byte
    std::vector<group_candidate> candidates;            // all files that hold a group
    std::string certificate_pem;                        // of the core; empty: not found
    std::string certificate_id;                         // its SHA-256
    std::map<std::string, std::filesystem::path> code;  // by version ARN
    std::vector<std::string> leftovers;  // folders of code that the group doesn't have
    model_folders models;
    std::filesystem::path stream_store;  // of the stream manager; empty: there is none
    std::vector<std::string> streams;    // the names in it
    std::vector<old_shadow> shadows;
    std::vector<std::string> logged_functions;  // names that only the logs tell
    std::vector<std::string> logged_connectors;
    bool was_reset = false;        // system logs, and nothing deployed: a reset removed all
    bool of_another_core = false;  // group.json and what is installed don't belong together
    findings found;                // of all that was read
};

// The error is for a root that is no core's: neither config.json nor a deployment. Everything else
// is a problem in `found`.
result<old_core> read_old_core(const tree_places& places);

// "arn:aws:lambda:R:A:function:N:V" from a folder's name in either spelling, with colons or dots;
// nullopt: it is neither.
std::optional<std::string> arn_of_folder(std::string_view name);

}  // namespace evergrass::v1

#pragma once

#include "apps/evergrass/verb.hpp"
#include "libs/v1_core/import_request.hpp"
#include "libs/v1_core/old_core.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::cli {

// `evergrass adopt`: a core of AWS's Greengrass V1 becomes one of ours (docs/rescue.md).
struct adopt_options {
    v1::tree_places places;
    std::filesystem::path archive;  // empty: the tree itself
    std::filesystem::path fleet;    // a folder of archives and trees; empty: one core

    std::filesystem::path endpoints;  // endpoints.json; empty: the next two
    std::string service;              // https://host[:port]
    std::filesystem::path ca_file;

    bool dry_run = false;
    bool json = false;
    bool strict = false;
    bool force = false;
    std::string group_name;
    std::vector<std::string> secrets;              // NAME=@FILE
    std::vector<std::string> device_certificates;  // THING=FILE
    std::vector<std::string> functions;            // NAME=RUNTIME:HANDLER
    std::vector<std::string> code;                 // NAME=FOLDER
    std::vector<std::string> models;               // ID=FOLDER_OR_ARCHIVE

    bool switch_over = false;
    bool undo = false;
    std::filesystem::path work;     // empty: <root>.evergrass
    std::filesystem::path program;  // empty: the greengrassd beside this program
    bool insecure = false;          // greengrassd -i
    int wait_seconds = 120;
    int devices_within_seconds = 0;   // 0: not asked for
    int messages_within_seconds = 0;  // likewise
    // Which subscriptions must have carried a message by then: "any" or "all" of them, but for
    // those whose ids are here.
    std::string messages_on = "any";
    std::vector<std::string> may_be_quiet;
};

// Exit status: 0 all of it; 1 done but for what was told (lost code, a conflict, a check that
// failed and was undone); 2 not begun.
int run_adopt(const adopt_options& options);

void add_adopt(CLI::App& app, verbs& all);

}  // namespace evergrass::cli

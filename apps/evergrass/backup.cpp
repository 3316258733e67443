#include "apps/evergrass/backup.hpp"

#include "apps/evergrass/child_process.hpp"

#include <iostream>
#include <unistd.h>
#include <vector>

namespace evergrass::cli {
namespace {

// The service writes as fast as the disk is; it says nothing meanwhile.
constexpr std::chrono::hours longest_backup{12};

}  // namespace

int run_backup(const backup_options& options) {
    const auto file = std::filesystem::absolute(options.file).lexically_normal();
    const auto answer = ask_service(options.where, "/backup", json::object{{"file", file.string()}},
                                    longest_backup);
    if (!answer) {
        return fail(answer.error());
    }
    const auto* left_out = array_member(*answer, "leftOut");
    const bool whole = left_out == nullptr || left_out->empty();
    if (options.where.json) {
        std::cout << to_pretty_json(*answer);
    } else {
        std::cout << file.string() << ": " << int_member(*answer, "bytes").value_or(0) << " bytes, "
                  << int_member(*answer, "objects").value_or(0)
                  << " objects. The master key is not in it: keep a copy of that elsewhere.\n";
    }
    if (!whole) {
        std::cerr << "evergrass: " << left_out->size()
                  << " objects are not in the backup: their files are missing or damaged (--json "
                     "names them). Put them again, or delete them.\n";
    }
    return whole ? 0 : 1;
}

int run_restore(const restore_options& options) {
    const auto folder = own_folder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto program = (*folder / "evergrass-cloud").string();
    std::vector<std::string> words{program, "restore", options.file.string(), "--data",
                                   options.where.data.string()};
    if (!options.master_key.empty()) {
        words.insert(words.end(), {"--master-key", options.master_key.string()});
    }
    if (options.force) {
        words.emplace_back("--force");
    }
    if (options.where.json) {
        words.emplace_back("--json");
    }
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    return fail(errno_error("cannot start " + program));
}

}  // namespace evergrass::cli

#include "edge/functions/runtimes.hpp"

#include "edge/functions/runtime_table.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::edge::functions {

namespace {

const std::array<const runtime*, 4>& table() {
    static constexpr std::array<const runtime*, 4> rows = {&python_runtime, &nodejs_runtime,
                                                           &java_runtime, &executable_runtime};
    return rows;
}

const runtime* row_of(std::string_view name) {
    for (const auto* row : table()) {
        if (row->runs(name)) {
            return row;
        }
    }
    return nullptr;
}

bool is_interpreter(std::string_view name) {
    return std::any_of(table().begin(), table().end(),
                       [&](const runtime* row) { return row->interprets(name); });
}

bool is_script(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 2> start{};
    file.read(start.data(), start.size());
    return file && start[0] == '#' && start[1] == '!';
}

void add_interpreters_of(const std::filesystem::path& directory, std::vector<interpreter>& all) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(directory, code)) {
        const auto name = entry.path().filename().string();
        if (is_interpreter(name) && ::access(entry.path().c_str(), X_OK) == 0 &&
            !entry.is_directory(code)) {
            all.push_back({name, entry.path(), is_script(entry.path())});
        }
    }
}

// The host as if the named program were its only interpreter, under the runtime's own name.
result<host_programs> host_with_named(
    const std::pair<const std::string, std::filesystem::path>& named, const host_programs& host) {
    const auto& [runtime, path] = named;
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code) || ::access(path.c_str(), X_OK) != 0) {
        return error{errc::not_found,
                     "runtime.interpreters of config.json names " + path.string() + " for " +
                         runtime +
                         ", which is no program that can be run: correct it and restart the core"};
    }
    host_programs only = host;
    only.interpreters = {{runtime, path}};
    return only;
}

bool permits(const process_identity& who, const std::filesystem::path& path, mode_t wanted) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        return false;
    }
    // As the kernel does: the first of the three that fits decides.
    const mode_t all = wanted << 6 | wanted << 3 | wanted;
    const mode_t whose = found.st_uid == who.uid   ? S_IRWXU
                         : found.st_gid == who.gid ? S_IRWXG
                                                   : S_IRWXO;
    return (found.st_mode & all & whose) == (all & whose);
}

bool may_reach(const process_identity& who, const std::filesystem::path& path) {
    for (auto folder = path.parent_path();; folder = folder.parent_path()) {
        if (!permits(who, folder, S_IXOTH)) {
            return false;
        }
        if (folder == folder.root_path()) {
            return true;
        }
    }
}

}  // namespace

bool may_run(const process_identity& who, const interpreter& program) {
    if (who.uid == 0) {
        return true;
    }
    std::error_code code;
    const auto file = std::filesystem::canonical(program.path, code);
    return !code && may_reach(who, file) &&
           permits(who, file, program.script ? S_IXOTH | S_IROTH : S_IXOTH);
}

runtime_kind kind_of_runtime(std::string_view runtime) {
    const auto* row = row_of(runtime);
    return row == nullptr ? runtime_kind::unknown : row->kind;
}

std::optional<version> parse_version(std::string_view text) {
    version v;
    const auto* end = text.data() + text.size();
    auto [dot, major_error] = std::from_chars(text.data(), end, v.major);
    if (major_error != std::errc{} || dot == end || *dot != '.') {
        return std::nullopt;
    }
    auto [last, minor_error] = std::from_chars(dot + 1, end, v.minor);
    if (minor_error != std::errc{} || last != end) {
        return std::nullopt;
    }
    return v;
}

void add_exec_args(const contract::function& f, std::vector<std::string>& arguments) {
    std::istringstream in(f.exec_args);
    for (std::string word; in >> word;) {
        arguments.push_back(word);
    }
}

std::vector<interpreter> find_interpreters(std::string_view path) {
    std::vector<std::string> directories;
    const auto add = [&](std::string_view directory) {
        // An empty or relative entry would mean whatever directory the core was started in.
        if (directory.starts_with('/') &&
            std::find(directories.begin(), directories.end(), directory) == directories.end()) {
            directories.emplace_back(directory);
        }
    };
    while (!path.empty()) {
        const auto colon = std::min(path.find(':'), path.size());
        add(path.substr(0, colon));
        path.remove_prefix(std::min(colon + 1, path.size()));
    }
    add("/usr/bin");
    add("/usr/local/bin");
    std::vector<interpreter> all;
    for (const auto& directory : directories) {
        add_interpreters_of(directory, all);
    }
    return all;
}

result<launch_plan> plan_launch(const contract::function& f, const std::filesystem::path& directory,
                                const host_programs& host,
                                const std::optional<process_identity>& who) {
    if (const auto* row = row_of(f.runtime)) {
        const auto named = host.named.find(f.runtime);
        if (named == host.named.end()) {
            auto usable = host;
            std::erase_if(usable.interpreters,
                          [&](const auto& one) { return who && !may_run(*who, one); });
            return row->plan({f, directory}, usable);
        }
        const auto only = host_with_named(*named, host);
        return only ? row->plan({f, directory}, *only) : only.error();
    }
    return error{errc::unsupported,
                 "the runtime '" + f.runtime +
                     "' is not supported by this version of the core, which runs python2.7, "
                     "python3.x, nodejs and java functions and native executables"};
}

}  // namespace evergrass::edge::functions

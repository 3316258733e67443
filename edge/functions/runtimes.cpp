#include "edge/functions/runtimes.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace evergrass::edge::functions {

namespace {

constexpr std::string_view python_prefix = "python";

struct version {
    int major = 0;
    int minor = 0;
};

// "python3.7" -> 3.7.
std::optional<version> python_version(std::string_view name) {
    if (!name.starts_with(python_prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(python_prefix.size());
    version v;
    const auto* end = name.data() + name.size();
    auto [dot, major_error] = std::from_chars(name.data(), end, v.major);
    if (major_error != std::errc{} || dot == end || *dot != '.') {
        return std::nullopt;
    }
    auto [last, minor_error] = std::from_chars(dot + 1, end, v.minor);
    if (minor_error != std::errc{} || last != end) {
        return std::nullopt;
    }
    return v;
}

// Less is better: a program before a shim, then the nearest minor version, then the newer one,
// then the order of the search path.
std::array<int, 3> distance(const interpreter& candidate, const version& wanted) {
    const auto minor = python_version(candidate.name)->minor;
    return {candidate.script ? 1 : 0, std::abs(minor - wanted.minor), minor < wanted.minor ? 1 : 0};
}

const interpreter* nearest_python(const std::vector<interpreter>& all, const version& wanted) {
    const interpreter* best = nullptr;
    for (const auto& candidate : all) {
        const auto v = python_version(candidate.name);
        if (!v || v->major != wanted.major) {
            continue;
        }
        // Python 2 ended with 2.7: nothing else runs its packages.
        if (wanted.major == 2 && v->minor != wanted.minor) {
            continue;
        }
        if (best == nullptr || distance(candidate, wanted) < distance(*best, wanted)) {
            best = &candidate;
        }
    }
    return best;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> all;
    for (std::string word; in >> word;) {
        all.push_back(word);
    }
    return all;
}

result<launch_plan> plan_python(const contract::function& f, const host_programs& host) {
    const auto wanted = python_version(f.runtime);
    if (!wanted) {
        return error{errc::unsupported, "the runtime '" + f.runtime + "' is not a Python version"};
    }
    const auto* found = nearest_python(host.interpreters, *wanted);
    if (found == nullptr) {
        return error{errc::not_found,
                     "the function needs " + f.runtime + " and this host has no Python " +
                         std::to_string(wanted->major) + " in PATH or /usr/bin; install it"};
    }
    const auto& handler = f.executable.empty() ? f.handler : f.executable;
    launch_plan plan;
    plan.program = found->path;
    plan.arguments = {found->name, (host.runtime_dir / "python" / "lambda_runtime.py").string(),
                      "--handler=" + handler};
    for (auto& argument : words(f.exec_args)) {
        plan.arguments.push_back(std::move(argument));
    }
    if (found->name != f.runtime) {
        plan.remark = "The function asks for " + f.runtime + " and runs on " + found->name + ".";
    }
    return plan;
}

struct runtime {
    std::string_view prefix;  // of the function's Runtime
    result<launch_plan> (*plan)(const contract::function& f, const host_programs& host);
};
constexpr std::array runtimes = {
    runtime{python_prefix, plan_python},
};

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
        if (python_version(name) && ::access(entry.path().c_str(), X_OK) == 0) {
            all.push_back({name, entry.path(), is_script(entry.path())});
        }
    }
}

}  // namespace

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

result<launch_plan> plan_launch(const contract::function& f, const host_programs& host) {
    for (const auto& known : runtimes) {
        if (f.runtime.starts_with(known.prefix)) {
            return known.plan(f, host);
        }
    }
    return error{errc::unsupported, "the runtime '" + f.runtime +
                                        "' is not supported by this version of the core, which "
                                        "runs python2.7 and python3.x functions"};
}

}  // namespace evergrass::edge::functions

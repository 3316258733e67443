#include "edge/functions/runtime_table.hpp"
#include "libs/base/errors.hpp"

#include <array>
#include <cstdlib>

namespace evergrass::edge::functions {

namespace {

constexpr std::string_view prefix = "python";

// "python3.7" -> 3.7.
std::optional<version> python_version(std::string_view name) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    return parse_version(name.substr(prefix.size()));
}

bool is_python(std::string_view name) {
    return python_version(name).has_value();
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

result<launch_plan> plan_python(const function_code& code, const host_programs& host) {
    const auto& wanted_name = code.f.runtime;
    const auto wanted = *python_version(wanted_name);
    const auto* found = nearest_python(host.interpreters, wanted);
    if (found == nullptr) {
        return error{errc::not_found,
                     "the function needs " + wanted_name + " and this host has no Python " +
                         std::to_string(wanted.major) + " in PATH or /usr/bin; install it"};
    }
    launch_plan plan;
    plan.program = found->path;
    plan.arguments = {found->name, (host.runtime_dir / "python" / "lambda_runtime.py").string(),
                      "--handler=" + code.entry()};
    add_exec_args(code.f, plan.arguments);
    if (found->name != wanted_name) {
        plan.remark = "The function asks for " + wanted_name + " and runs on " + found->name + ".";
    }
    return plan;
}

}  // namespace

const runtime python_runtime = {runtime_kind::python, is_python, is_python, plan_python};

}  // namespace evergrass::edge::functions

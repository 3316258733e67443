#include "edge/functions/runtime_table.hpp"
#include "libs/base/errors.hpp"

#include <array>

namespace evergrass::edge::functions {

namespace {

constexpr std::string_view prefix = "nodejs";

// "nodejs8.10" -> 8.10, "nodejs12.x" -> 12.0.
std::optional<version> version_of_name(std::string_view name) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    std::string number(name.substr(prefix.size()));
    if (number.ends_with(".x")) {
        number.back() = '0';
    }
    return parse_version(number);
}

// "v20.11.1" -> 20.11.
std::optional<version> version_of_output(std::string_view text) {
    if (!text.starts_with('v')) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const auto first_dot = text.find('.');
    if (first_dot == std::string_view::npos) {
        return std::nullopt;
    }
    return parse_version(text.substr(0, text.find('.', first_dot + 1)));
}

bool is_nodejs(std::string_view runtime) {
    return version_of_name(runtime).has_value();
}

bool is_node_program(std::string_view name) {
    return name == "node" || name == "nodejs" || is_nodejs(name);
}

struct candidate {
    const interpreter* program = nullptr;
    version number;
    std::string shown;  // "node (v20.11.1)"
};

// A directory lists its files in any order, and nodejs is often node.
int rank_of_name(std::string_view name) {
    if (is_nodejs(name)) {
        return 0;
    }
    return name == "node" ? 1 : 2;
}

// Less is better: a program before a shim, then the nearest version, then by its name, then the
// order of the search path.
std::array<int, 4> distance(const candidate& c, const version& wanted) {
    return {c.program->script ? 1 : 0, c.number.major - wanted.major, c.number.minor - wanted.minor,
            rank_of_name(c.program->name)};
}

// A newer Node.js runs what was written for an older one; the other way it lacks syntax.
bool runs(const version& have, const version& wanted) {
    return have.major > wanted.major || (have.major == wanted.major && have.minor >= wanted.minor);
}

std::optional<candidate> candidate_of(const interpreter& program, const host_programs& host) {
    if (const auto named = version_of_name(program.name)) {
        return candidate{&program, *named, program.name};
    }
    const auto said = host.version_of(program.path);
    if (const auto v = version_of_output(said)) {
        return candidate{&program, *v, program.name + " (" + said + ")"};
    }
    return std::nullopt;
}

struct search {
    std::optional<candidate> best;
    std::string too_old;  // one that is there and cannot stand in
};

search find_nodejs(const host_programs& host, const std::string& name, const version& wanted) {
    search found;
    for (const auto& program : host.interpreters) {
        if (program.name == name && !program.script) {
            found.best = candidate{&program, wanted, name};
            return found;
        }
    }
    for (const auto& program : host.interpreters) {
        if (!is_node_program(program.name)) {
            continue;
        }
        auto c = candidate_of(program, host);
        if (!c) {
            continue;
        }
        if (!runs(c->number, wanted)) {
            found.too_old = c->shown;
        } else if (!found.best || distance(*c, wanted) < distance(*found.best, wanted)) {
            found.best = std::move(c);
        }
    }
    return found;
}

result<launch_plan> plan_nodejs(const function_code& code, const host_programs& host) {
    const auto& wanted_name = code.f.runtime;
    const auto found = find_nodejs(host, wanted_name, *version_of_name(wanted_name));
    if (!found.best) {
        return error{errc::not_found,
                     "the function needs " + wanted_name +
                         " or a newer Node.js and this host has " +
                         (found.too_old.empty() ? "none" : "only " + found.too_old) +
                         " in PATH or /usr/bin; install it"};
    }
    launch_plan plan;
    plan.program = found.best->program->path;
    plan.arguments = {found.best->program->name,
                      (host.runtime_dir / "nodejs" / "lambda_runtime.js").string(),
                      "--handler=" + code.entry()};
    add_exec_args(code.f, plan.arguments);
    if (found.best->program->name != wanted_name) {
        plan.remark =
            "The function asks for " + wanted_name + " and runs on " + found.best->shown + ".";
    }
    return plan;
}

}  // namespace

const runtime nodejs_runtime = {runtime_kind::nodejs, is_nodejs, is_node_program, plan_nodejs};

}  // namespace evergrass::edge::functions

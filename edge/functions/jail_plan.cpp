#include "edge/functions/jail_plan.hpp"

#include <algorithm>
#include <array>

namespace evergrass::edge::functions {

namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

bool is_of_a_name(char c) {
    return c != ':' && c != '=' && c != ',' && c != '"' && c != '\'' && c != ' ';
}

// The path and what is below it, also in the midst of a text ("-Dx=PATH", "PATH/a:PATH/b"), but not
// where it is a part of another one ("/srv/PATH", "PATH-old").
void replace_path(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        const auto end = at + from.size();
        const bool begins = at == 0 || !is_of_a_name(text[at - 1]);
        const bool ends = end == text.size() || text[end] == '/' || !is_of_a_name(text[end]);
        if (begins && ends) {
            text.replace(at, from.size(), to);
            at += to.size();
        } else {
            at = end;
        }
    }
}

// A jail has directories of its own there.
bool is_covered(const std::string& program) {
    constexpr std::array<std::string_view, 3> own = {"/tmp/", "/var/tmp/", "/run/"};
    return std::any_of(own.begin(), own.end(),
                       [&](std::string_view directory) { return program.starts_with(directory); });
}

}  // namespace

std::uint64_t runtime_allowance_bytes(runtime_kind kind) {
    switch (kind) {
        case runtime_kind::python:
            return 8 * mebibyte;
        case runtime_kind::nodejs:
        case runtime_kind::java:
            return 32 * mebibyte;
        default:
            return 0;
    }
}

isolation::jail_order plan_jail(const function_settings& settings, const jailed_function& j) {
    const auto directory = j.directory.string();
    const auto runtimes = settings.runtime_dir.string();
    // Class paths hold several of them.
    const auto inside = [&](std::string text) {
        replace_path(text, directory, code_in_jail);
        replace_path(text, runtimes, runtimes_in_jail);
        return text;
    };
    isolation::jail_order order;
    order.program = inside(j.plan.program.string());
    for (const auto& argument : j.plan.arguments) {
        order.arguments.push_back(inside(argument));
    }
    order.directory = code_in_jail;
    order.uid = j.identity.uid;
    order.gid = j.identity.gid;
    order.groups = j.resources.groups;
    order.mounts = {{directory, code_in_jail, false}, {runtimes, runtimes_in_jail, false}};
    order.mounts.insert(order.mounts.end(), j.resources.mounts.begin(), j.resources.mounts.end());
    if (is_covered(order.program)) {
        order.mounts.push_back({order.program, order.program, false});
    }
    order.devices = j.resources.devices;
    order.hidden = settings.hidden;
    order.sysfs = j.f.access_sysfs;
    order.memory_bytes = static_cast<std::uint64_t>(j.f.memory_size_kb) * 1024 +
                         runtime_allowance_bytes(kind_of_runtime(j.f.runtime));
    return order;
}

std::optional<isolation::jail_order> plan_waiting_jail(
    const isolation::jail_order& order, runtime_kind runtime,
    const std::vector<std::string>& environment) {
    if (runtime != runtime_kind::python || !order.groups.empty()) {
        return std::nullopt;
    }
    isolation::jail_order waiting;
    waiting.waits = true;
    waiting.program = order.program;
    waiting.arguments = {order.arguments.at(0), order.arguments.at(1), "--wait"};
    waiting.directory = "/";
    for (const auto& variable : environment) {
        // By them an interpreter finds itself and its user's packages, when it starts.
        if (variable.starts_with("PATH=") || variable.starts_with("HOME=")) {
            waiting.environment.push_back(variable);
        }
    }
    waiting.uid = order.uid;
    waiting.gid = order.gid;
    for (const auto& m : order.mounts) {
        if (m.destination == runtimes_in_jail || m.destination == order.program) {
            waiting.mounts.push_back(m);
        }
    }
    waiting.hidden = order.hidden;
    waiting.processes = order.processes;
    return waiting;
}

}  // namespace evergrass::edge::functions

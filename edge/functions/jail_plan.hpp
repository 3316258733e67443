#pragma once

#include "edge/functions/function_manager.hpp"
#include "edge/functions/runtimes.hpp"
#include "edge/functions/spawn.hpp"
#include "edge/isolation/jail_order.hpp"
#include "edge/resources/local_resources.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace evergrass::edge::functions {

// Where a function in a jail finds its code and the core's runtimes (spec/lambda-ipc.md §4.2).
constexpr const char* code_in_jail = "/lambda";
constexpr const char* runtimes_in_jail = "/runtime";

struct jailed_function {
    const contract::function& f;
    const launch_plan& plan;                 // in paths of the host
    const std::filesystem::path& directory;  // of its code
    process_identity identity;
    const granted_resources& resources;
};

// The order for a worker of it, but for its environment and work directory: the plan's paths become
// the jail's, MemorySize its limit, with what a runtime newer than V1's needs more than those did.
isolation::jail_order plan_jail(const function_settings& settings, const jailed_function& j);

// Besides MemorySize, which was chosen for the interpreters of V1's time (docs/functions.md).
std::uint64_t runtime_allowance_bytes(runtime_kind kind);

// The order of a jail in which the interpreter and runtime of this order's function wait for
// whichever function comes with the same ones, user and groups (jail_order::waits); nullopt: it
// shares them with no other, as its resources have groups of their own.
std::optional<isolation::jail_order> plan_waiting_jail(const isolation::jail_order& order,
                                                       runtime_kind runtime,
                                                       const std::vector<std::string>& environment);

}  // namespace evergrass::edge::functions

#pragma once

#include "apps/doctor/finding.hpp"
#include "libs/base/result.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace evergrass::doctor {

struct doctor_options {
    std::filesystem::path root = "/greengrass";
    bool root_was_named = false;   // else a machine without a core is looked at alone
    bool offline = false;          // no service is asked
    bool starts_insecure = false;  // the core is started with -i
    std::filesystem::path jail_program;
};

// Looks at the host, the core's folder, its token and its service, in this order, and tells each
// group as soon as it has it. Blocks: a service that can't be reached costs 10 s a step. Starts
// processes and waits for them: not beside a thread that does.
std::vector<finding_group> examine(const doctor_options& options,
                                   const std::function<void(const finding_group&)>& tell);

}  // namespace evergrass::doctor

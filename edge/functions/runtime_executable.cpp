#include "edge/functions/runtime_table.hpp"
#include "libs/base/errors.hpp"

#include <unistd.h>

namespace evergrass::edge::functions {

namespace {

namespace fs = std::filesystem;

bool is_executable(std::string_view runtime) {
    return runtime == "arn:aws:greengrass:::runtime/function/executable" || runtime == "executable";
}

bool interprets_nothing(std::string_view /*program*/) {
    return false;
}

bool stays_inside(const fs::path& name) {
    const auto plain = name.lexically_normal();
    return !plain.empty() && plain.is_relative() && *plain.begin() != ".." && plain != ".";
}

// Zips made on other systems, and by AWS's console, have no mode for the file; V1 gives it one.
result<void> make_executable(const fs::path& file) {
    if (::access(file.c_str(), X_OK) == 0) {
        return {};
    }
    std::error_code code;
    // Not through a link: whatever it leads to is not ours to change.
    if (fs::is_regular_file(fs::symlink_status(file, code))) {
        constexpr auto all = fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec;
        fs::permissions(file, all, fs::perm_options::add, code);
        if (!code) {
            return {};
        }
    }
    return error{errc::denied, "the function's executable " + file.string() +
                                   " cannot be made executable" +
                                   (code ? ": " + code.message() : std::string{})};
}

result<launch_plan> plan_executable(const function_code& code, const host_programs& /*host*/) {
    const auto& name = code.entry();
    if (!stays_inside(name)) {
        return error{errc::invalid_input,
                     "the handler of a native executable is the name of a file in its package, "
                     "which '" +
                         name + "' is not"};
    }
    const auto file = (code.directory / name).lexically_normal();
    std::error_code failure;
    if (!fs::is_regular_file(file, failure)) {
        return error{errc::not_found, "the function's package holds no file '" + name +
                                          "', which its handler names as its executable"};
    }
    if (auto made = make_executable(file); !made) {
        return made.error();
    }
    launch_plan plan;
    plan.program = file;
    plan.arguments = {file.string()};
    add_exec_args(code.f, plan.arguments);
    return plan;
}

}  // namespace

const runtime executable_runtime = {runtime_kind::executable, is_executable, interprets_nothing,
                                    plan_executable};

}  // namespace evergrass::edge::functions

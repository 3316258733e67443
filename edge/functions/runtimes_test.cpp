#include "edge/functions/runtimes.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

namespace evergrass::edge::functions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

contract::function function_of(std::string runtime) {
    contract::function f;
    f.runtime = std::move(runtime);
    f.handler = "hello.handler";
    return f;
}

host_programs host_with(std::vector<interpreter> interpreters) {
    return {std::move(interpreters), "/runtime", [](const std::filesystem::path& program) {
                ADD_FAILURE() << program << " was asked for its version";
                return std::string{};
            }};
}

result<launch_plan> plan_launch(const contract::function& f, const host_programs& host) {
    return plan_launch(f, "/package", host);
}

TEST(runtimes, the_exact_version_is_taken_without_a_remark) {
    const auto plan = plan_launch(
        function_of("python3.7"),
        host_with({{"python3.8", "/usr/bin/python3.8"}, {"python3.7", "/opt/bin/python3.7"}}));
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->program, "/opt/bin/python3.7");
    EXPECT_THAT(plan->arguments, ElementsAre("python3.7", "/runtime/python/lambda_runtime.py",
                                             "--handler=hello.handler"));
    EXPECT_EQ(plan->remark, "");
}

TEST(runtimes, the_nearest_version_stands_in_and_is_told) {
    const auto plan =
        plan_launch(function_of("python3.8"), host_with({{"python3.13", "/a/python3.13"},
                                                         {"python3.9", "/a/python3.9"},
                                                         {"python3.7", "/a/python3.7"},
                                                         {"python2.7", "/a/python2.7"}}));
    EXPECT_EQ(plan->program, "/a/python3.9") << "the newer of two at the same distance";
    EXPECT_THAT(plan->remark, HasSubstr("python3.8"));
}

TEST(runtimes, a_program_wins_over_the_shim_of_a_version_manager) {
    const auto plan = plan_launch(function_of("python3.7"),
                                  host_with({{"python3.7", "/shims/python3.7", true},
                                             {"python3.11", "/usr/bin/python3.11", false}}));
    EXPECT_EQ(plan->program, "/usr/bin/python3.11");
}

TEST(runtimes, python_2_functions_need_python_2) {
    const auto plan =
        plan_launch(function_of("python2.7"), host_with({{"python3.11", "/usr/bin/python3.11"}}));
    EXPECT_EQ(plan.error().code, errc::not_found);
    EXPECT_THAT(plan.error().message(), HasSubstr("needs python2.7"));
}

TEST(runtimes, one_that_is_not_supported_is_named) {
    const auto plan = plan_launch(function_of("ruby3.2"), host_with({}));
    EXPECT_EQ(plan.error().code, errc::unsupported);
    EXPECT_THAT(plan.error().message(), HasSubstr("ruby3.2"));
    EXPECT_FALSE(plan_launch(function_of("pythonista"), host_with({})));
    EXPECT_FALSE(plan_launch(function_of("nodejs"), host_with({})));
}

TEST(runtimes, executable_and_arguments_of_the_configuration_are_passed_on) {
    auto f = function_of("python3.7");
    f.executable = "other.handler";
    f.exec_args = " --fast  -v ";
    const auto plan = plan_launch(f, host_with({{"python3.7", "/usr/bin/python3.7"}}));
    EXPECT_THAT(plan->arguments, ElementsAre("python3.7", "/runtime/python/lambda_runtime.py",
                                             "--handler=other.handler", "--fast", "-v"));
}

TEST(runtimes, the_program_that_the_owner_names_is_taken_without_a_look) {
    auto host = host_with({{"python3.7", "/usr/bin/python3.7"}});
    host.named = {{"python3.7", "/bin/sh"}, {"nodejs12.x", "/bin/sh"}};
    auto plan = plan_launch(function_of("python3.7"), host);
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ(plan->program, "/bin/sh");
    EXPECT_EQ(plan->arguments[0], "python3.7");
    EXPECT_EQ(plan->remark, "");
    plan = plan_launch(function_of("nodejs12.x"), host);
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ(plan->program, "/bin/sh");
    EXPECT_EQ(plan_launch(function_of("python3.8"), host)->program, "/usr/bin/python3.7");
}

TEST(runtimes, a_named_program_that_cannot_be_run_is_an_error_when_it_is_needed) {
    auto host = host_with({{"python3.7", "/usr/bin/python3.7"}});
    for (const auto* path : {"/nowhere/python3.8", "/etc", "/etc/passwd"}) {
        host.named = {{"python3.8", path}};
        const auto plan = plan_launch(function_of("python3.8"), host);
        ASSERT_FALSE(plan) << path;
        EXPECT_THAT(plan.error().message(), HasSubstr(std::string("runtime.interpreters of "
                                                                  "config.json names ") +
                                                      path + " for python3.8"));
        EXPECT_TRUE(plan_launch(function_of("python3.7"), host));
    }
}

TEST(runtimes, the_interpreter_of_this_host_is_found_without_a_path) {
    const auto found = find_interpreters("");
    EXPECT_FALSE(found.empty());
    for (const auto& one : found) {
        EXPECT_TRUE(one.path.is_absolute());
    }
}

}  // namespace
}  // namespace evergrass::edge::functions

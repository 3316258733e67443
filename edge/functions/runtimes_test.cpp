#include "edge/functions/runtimes.hpp"

#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <unistd.h>

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

class who_may_run : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "who_may_run.XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        std::filesystem::create_directories(folder / "home" / "bin");
        program = folder / "home" / "bin" / "python3.7";
        std::ofstream(program) << "x";
        std::filesystem::permissions(program, std::filesystem::perms(0755));
        allow(0755);
        std::filesystem::permissions(folder, std::filesystem::perms(0755));
    }
    void TearDown() override {
        allow(0700);
        std::filesystem::remove_all(folder);
    }
    void allow(unsigned mode) {
        std::filesystem::permissions(folder / "home", std::filesystem::perms(mode));
    }

    std::filesystem::path folder;
    std::filesystem::path program;
    process_identity other{::geteuid() + 1, ::getegid() + 1};
};

TEST_F(who_may_run, a_program_in_a_home_that_is_closed_is_not_for_others) {
    EXPECT_TRUE(may_run(other, {"python3.7", program}));
    allow(0700);
    EXPECT_FALSE(may_run(other, {"python3.7", program}));
    EXPECT_TRUE(may_run({::geteuid(), ::getegid() + 1}, {"python3.7", program}));
    EXPECT_TRUE(may_run({0, 0}, {"python3.7", program}));
    allow(0710);
    EXPECT_TRUE(may_run({::geteuid() + 1, ::getegid()}, {"python3.7", program}));
}

TEST_F(who_may_run, a_link_to_it_is_no_way_around) {
    std::filesystem::create_symlink(program, folder / "python3.7");
    EXPECT_TRUE(may_run(other, {"python3.7", folder / "python3.7"}));
    allow(0700);
    EXPECT_FALSE(may_run(other, {"python3.7", folder / "python3.7"}));
    EXPECT_FALSE(may_run(other, {"python3.7", folder / "nothing"}));
}

TEST_F(who_may_run, the_owners_bits_count_for_the_owner_and_a_script_is_read) {
    std::filesystem::permissions(program, std::filesystem::perms(0711));
    EXPECT_TRUE(may_run(other, {"python3.7", program}));
    EXPECT_FALSE(may_run(other, {"python3.7", program, true}));
    std::filesystem::permissions(program, std::filesystem::perms(0055));
    EXPECT_TRUE(may_run(other, {"python3.7", program, true}));
    EXPECT_EQ(may_run({::geteuid(), ::getegid()}, {"python3.7", program}), ::geteuid() == 0);
}

TEST_F(who_may_run, a_function_gets_the_next_one_that_its_user_may_run) {
    const auto host = host_with({{"python3.7", program}, {"python3.8", "/bin/sh"}});
    EXPECT_EQ(plan_launch(function_of("python3.7"), "/package", host, other)->program, program);
    allow(0700);
    EXPECT_EQ(plan_launch(function_of("python3.7"), "/package", host, other)->program, "/bin/sh");
    EXPECT_EQ(plan_launch(function_of("python3.7"), "/package", host)->program, program);
}

}  // namespace
}  // namespace evergrass::edge::functions

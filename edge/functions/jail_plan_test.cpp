#include "edge/functions/jail_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::functions {
namespace {

using isolation::jail_device;
using isolation::jail_mount;
using testing::Contains;
using testing::ElementsAre;

constexpr std::uint64_t mebibyte = 1024 * 1024;

class jail_plan : public testing::Test {
protected:
    jail_plan() {
        settings.runtime_dir = "/usr/share/evergrass/runtime";
        settings.hidden = {"/greengrass", "/etc/keys/core.key"};
        f.runtime = "python3.7";
        f.memory_size_kb = 16384;
        plan.program = "/usr/bin/python3.11";
        plan.arguments = {"python3.11", "/usr/share/evergrass/runtime/python/lambda_runtime.py"};
    }

    isolation::jail_order order() const {
        return plan_jail(settings, {f, plan, directory, {1001, 1002}, resources});
    }

    function_settings settings;
    contract::function f;
    launch_plan plan;
    std::filesystem::path directory =
        "/greengrass/ggc/deployment/lambda/arn:aws:lambda:us-east-1:1:function:f:1";
    granted_resources resources;
};

TEST_F(jail_plan, shows_the_functions_code_and_the_runtimes_read_only_at_v1s_places) {
    const auto made = order();
    EXPECT_THAT(made.mounts, ElementsAre(jail_mount{directory, "/lambda", false},
                                         jail_mount{settings.runtime_dir, "/runtime", false}));
    EXPECT_EQ(made.directory, "/lambda");
    EXPECT_EQ(made.program, "/usr/bin/python3.11");
    EXPECT_THAT(made.arguments, ElementsAre("python3.11", "/runtime/python/lambda_runtime.py"));
}

TEST_F(jail_plan, runs_a_program_of_the_functions_own_from_where_it_stands_in_the_jail) {
    f.runtime = "arn:aws:greengrass:::runtime/function/executable";
    plan.program = directory / "bin/program";
    plan.arguments = {(directory / "bin/program").string(), "--port", "1"};
    const auto made = order();
    EXPECT_EQ(made.program, "/lambda/bin/program");
    EXPECT_THAT(made.arguments, ElementsAre("/lambda/bin/program", "--port", "1"));
}

TEST_F(jail_plan, turns_every_path_of_a_class_path_into_the_jails) {
    const auto code = directory.string();
    const auto java = settings.runtime_dir.string() + "/java";
    plan.arguments = {"java", "-cp",
                      java + "/a.jar:" + java + "/b.jar:" + code + ":" + code + "/lib/*", "Main"};
    EXPECT_EQ(order().arguments.at(2),
              "/runtime/java/a.jar:/runtime/java/b.jar:/lambda:/lambda/lib/*");
}

TEST_F(jail_plan, leaves_paths_that_only_begin_like_these_alone) {
    const auto code = directory.string();
    const auto runtimes = settings.runtime_dir.string();
    plan.arguments = {code + "0/x", runtimes + "-old/x", "/srv" + code, code + ":" + code + "0"};
    EXPECT_THAT(order().arguments, ElementsAre(code + "0/x", runtimes + "-old/x", "/srv" + code,
                                               "/lambda:" + code + "0"));
}

TEST_F(jail_plan, shows_a_program_that_lies_where_a_jail_has_a_directory_of_its_own) {
    for (const auto* program : {"/tmp/py/python3.7", "/var/tmp/python3.7", "/run/py/python3.7"}) {
        plan.program = program;
        EXPECT_THAT(order().mounts, Contains(jail_mount{program, program, false}));
    }
    plan.program = "/tmpfs/python3.7";
    EXPECT_EQ(order().mounts.size(), 2U);
}

TEST_F(jail_plan, limits_memory_to_memory_size_and_what_newer_runtimes_take_more) {
    const auto limit = [this](const char* runtime) {
        f.runtime = runtime;
        return order().memory_bytes;
    };
    EXPECT_EQ(limit("python2.7"), 24 * mebibyte);
    EXPECT_EQ(limit("python3.7"), 24 * mebibyte);
    EXPECT_EQ(limit("nodejs12.x"), 48 * mebibyte);
    EXPECT_EQ(limit("java8"), 48 * mebibyte);
    EXPECT_EQ(limit("arn:aws:greengrass:::runtime/function/executable"), 16 * mebibyte);
    f.memory_size_kb = 2'500'000'000;  // more bytes than 32 bits count
    EXPECT_EQ(limit("python3.7"), 2'500'000'000ULL * 1024 + 8 * mebibyte);
}

TEST_F(jail_plan, gives_the_identity_and_what_was_granted_after_the_code) {
    resources.mounts = {{"/srv/data", "/data", true}, {"/srv/x", "/lambda/x", false}};
    resources.devices = {{"/dev/ttyS0", true}};
    resources.groups = {20, 44};
    f.access_sysfs = true;
    const auto made = order();
    EXPECT_EQ(made.uid, 1001U);
    EXPECT_EQ(made.gid, 1002U);
    EXPECT_THAT(made.groups, ElementsAre(20, 44));
    ASSERT_EQ(made.mounts.size(), 4U);
    EXPECT_EQ(made.mounts[2], resources.mounts[0]);
    EXPECT_EQ(made.mounts[3], resources.mounts[1]) << "it may stand in the code's place";
    EXPECT_THAT(made.devices, ElementsAre(jail_device{"/dev/ttyS0", true}));
    EXPECT_TRUE(made.sysfs);
}

TEST_F(jail_plan, hides_the_cores_own_paths_and_shows_no_sysfs_unasked) {
    const auto made = order();
    EXPECT_EQ(made.hidden, settings.hidden);
    EXPECT_FALSE(made.sysfs);
    EXPECT_THAT(made.groups, testing::IsEmpty());
}

TEST_F(jail_plan, of_an_interpreter_that_waits_has_nothing_of_a_function) {
    const std::vector<std::string> environment = {"HOME=/lambda", "PATH=/usr/bin", "SECRET=x"};
    resources.mounts = {{"/srv/data", "/data", true}};
    resources.devices = {{"/dev/ttyS0", true}};
    f.access_sysfs = true;
    plan.arguments.emplace_back("--handler=main.handler");
    const auto waiting = plan_waiting_jail(order(), runtime_kind::python, environment);
    ASSERT_TRUE(waiting.has_value());
    EXPECT_TRUE(waiting->waits);
    EXPECT_THAT(waiting->arguments,
                ElementsAre("python3.11", "/runtime/python/lambda_runtime.py", "--wait"));
    EXPECT_THAT(waiting->environment, ElementsAre("HOME=/lambda", "PATH=/usr/bin"));
    EXPECT_THAT(waiting->mounts, ElementsAre(jail_mount{settings.runtime_dir, "/runtime", false}));
    EXPECT_THAT(waiting->devices, testing::IsEmpty());
    EXPECT_FALSE(waiting->sysfs);
    EXPECT_EQ(waiting->uid, 1001U);
    EXPECT_EQ(waiting->hidden, settings.hidden);

    directory = "/greengrass/ggc/deployment/lambda/arn:aws:lambda:us-east-1:1:function:g:1";
    resources = {};
    f.access_sysfs = false;
    EXPECT_EQ(plan_waiting_jail(order(), runtime_kind::python, environment), waiting);
    plan.program = "/usr/bin/python3.9";
    EXPECT_NE(plan_waiting_jail(order(), runtime_kind::python, environment), waiting);
}

TEST_F(jail_plan, of_an_interpreter_that_waits_is_none_for_groups_of_its_own_and_other_runtimes) {
    EXPECT_FALSE(plan_waiting_jail(order(), runtime_kind::nodejs, {}).has_value());
    resources.groups = {20};
    EXPECT_FALSE(plan_waiting_jail(order(), runtime_kind::python, {}).has_value());
}

TEST_F(jail_plan, is_one_that_a_jail_takes) {
    resources.mounts = {{"/srv/data", "/data", true}};
    auto made = order();
    made.work_directory = "/greengrass/ggc/var/work/1";
    made.environment = {"A=b"};
    EXPECT_EQ(isolation::decode_jail_order(isolation::encode(made)).value(), made);
}

}  // namespace
}  // namespace evergrass::edge::functions

#include "edge/functions/runtimes.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace evergrass::edge::functions {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class runtime_executable : public testing::Test {
protected:
    runtime_executable() {
        std::string pattern = (fs::temp_directory_path() / "packageXXXXXX").string();
        package = ::mkdtemp(pattern.data());
        f.runtime = "arn:aws:greengrass:::runtime/function/executable";
        f.handler = "app";
    }
    ~runtime_executable() override { fs::remove_all(package); }

    void write(const fs::path& name) {
        fs::create_directories((package / name).parent_path());
        std::ofstream(package / name) << "#!/bin/sh\n";
    }
    result<launch_plan> plan() const { return plan_launch(f, package, {{}, "/runtime", {}}); }
    bool runnable(const fs::path& name) const {
        return ::access((package / name).c_str(), X_OK) == 0;
    }

    fs::path package;
    contract::function f;
};

TEST_F(runtime_executable, the_file_of_the_handler_is_run_with_the_arguments) {
    write("app");
    f.exec_args = "-v two";
    const auto made = plan();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->program, package / "app");
    EXPECT_THAT(made->arguments, ElementsAre((package / "app").string(), "-v", "two"));
    EXPECT_EQ(made->remark, "");
}

TEST_F(runtime_executable, a_file_without_the_mode_gets_it) {
    write("bin/app");
    f.handler = "bin/app";
    EXPECT_FALSE(runnable("bin/app"));
    ASSERT_TRUE(plan());
    EXPECT_TRUE(runnable("bin/app"));
}

TEST_F(runtime_executable, executable_of_the_configuration_wins_and_the_short_name_is_known) {
    write("other");
    f.executable = "other";
    f.runtime = "executable";
    EXPECT_EQ(plan()->program, package / "other");
}

TEST_F(runtime_executable, a_missing_file_is_named) {
    fs::create_directory(package / "folder");
    for (const auto* name : {"app", "folder"}) {
        f.handler = name;
        const auto made = plan();
        EXPECT_EQ(made.error().code, errc::not_found);
        EXPECT_THAT(made.error().message(), HasSubstr(name));
    }
}

TEST_F(runtime_executable, the_file_is_in_the_package) {
    for (const auto* name : {"", ".", "/bin/sh", "../app", "a/../../app"}) {
        f.handler = name;
        EXPECT_EQ(plan().error().code, errc::invalid_input) << name;
    }
}

TEST_F(runtime_executable, what_a_link_leads_to_is_not_changed) {
    write("target");
    fs::create_symlink("target", package / "app");
    EXPECT_EQ(plan().error().code, errc::denied);
    EXPECT_FALSE(runnable("target"));
    fs::permissions(package / "target", fs::perms::owner_all);
    EXPECT_TRUE(plan());
}

}  // namespace
}  // namespace evergrass::edge::functions

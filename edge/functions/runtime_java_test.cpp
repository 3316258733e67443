#include "edge/functions/runtimes.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <unistd.h>

namespace evergrass::edge::functions {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class runtime_java : public testing::Test {
protected:
    runtime_java() {
        std::string pattern = (fs::temp_directory_path() / "javaXXXXXX").string();
        directory = ::mkdtemp(pattern.data());
        fs::create_directory(directory / "java");
        std::ofstream(jar()) << "a jar";
        function.runtime = "java8";
        function.handler = "a.Main::handle";
    }
    ~runtime_java() override { fs::remove_all(directory); }

    fs::path jar() const { return directory / "java/evergrass-runtime.jar"; }

    // `versions`: what the programs say to -version, by path. Others must not be asked.
    result<launch_plan> plan(std::vector<interpreter> programs,
                             std::map<std::string, std::string> versions = {}) const {
        const host_programs host{std::move(programs), directory,
                                 [versions = std::move(versions)](const fs::path& p) {
                                     const auto found = versions.find(p.string());
                                     EXPECT_NE(found, versions.end()) << p << " was asked";
                                     return found == versions.end() ? std::string{} : found->second;
                                 }};
        return plan_launch(function, "/package", host);
    }
    result<launch_plan> plan_with(const std::string& version) const {
        return plan({{"java", "/java"}}, {{"/java", version}});
    }

    fs::path directory;
    contract::function function;
};

TEST_F(runtime_java, the_program_named_for_the_version_is_taken_and_no_other_asked) {
    const auto made = plan({{"java", "/a/java"}, {"java8", "/b/java8"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->program, "/b/java8");
    EXPECT_EQ(made->remark, "");
}

TEST_F(runtime_java, the_command_line_is_that_of_the_jvm_then_the_class_then_the_function) {
    function.pinned = true;
    function.isolation_mode = contract::isolation::no_container;
    function.exec_args = "--one  two";
    const auto made = plan({{"java8", "/java8"}});
    ASSERT_TRUE(made);
    EXPECT_THAT(made->arguments, ElementsAre("java8", "-XX:+UseSerialGC", "-Xshare:auto",
                                             "-XX:-UsePerfData", "-Dfile.encoding=UTF-8", "-cp",
                                             jar().string() + ":.:lib/*:" + directory.string() +
                                                 "/java/evergrass-sdk.jar",
                                             "com.amazonaws.greengrass.runtime.LambdaRuntime",
                                             "--handler=a.Main::handle", "--one", "two"));
}

TEST_F(runtime_java, an_executable_of_the_configuration_replaces_the_handler) {
    function.executable = "b.Other";
    EXPECT_THAT(plan({{"java8", "/java8"}})->arguments, Contains("--handler=b.Other"));
}

TEST_F(runtime_java, a_worker_that_may_end_soon_is_not_compiled_for_a_long_life) {
    const std::string option = "-XX:TieredStopAtLevel=1";
    EXPECT_THAT(plan({{"java8", "/java8"}})->arguments, Contains(option));
    function.pinned = true;
    EXPECT_THAT(plan({{"java8", "/java8"}})->arguments, Not(Contains(option)));
}

TEST_F(runtime_java, the_heap_is_limited_in_a_container_only) {
    const auto heap = [&](std::int64_t memory_kb) {
        function.memory_size_kb = memory_kb;
        const auto made = plan({{"java8", "/java8"}});
        for (const auto& argument : made->arguments) {
            if (argument.starts_with("-Xmx")) {
                return argument;
            }
        }
        return std::string("none");
    };
    EXPECT_EQ(heap(262'144), "-Xmx196608k");
    EXPECT_EQ(heap(65'536), "-Xmx32768k");
    EXPECT_EQ(heap(2'048), "-Xmx8192k");
    function.isolation_mode = contract::isolation::no_container;
    EXPECT_EQ(heap(262'144), "none");
}

TEST_F(runtime_java, java_is_asked_for_its_version_and_stands_in) {
    for (const auto& [said, number] : std::map<std::string, std::string>{
             {R"(openjdk version "17.0.15" 2025-04-15)", "17"},
             {R"(openjdk version "21" 2023-09-19)", "21"},
             {R"(openjdk version "22-ea" 2024-03-19)", "22"},
             {R"(java version "9")", "9"},
         }) {
        const auto made = plan_with(said);
        ASSERT_TRUE(made) << said;
        EXPECT_EQ(made->remark, "The function asks for java8 and runs on Java " + number + ".");
        EXPECT_EQ(made->arguments.front(), "java");
    }
    EXPECT_EQ(plan_with(R"(java version "1.8.0_362")")->remark, "");
}

TEST_F(runtime_java, the_nearest_newer_version_stands_in_and_a_shim_last) {
    function.runtime = "java11";
    const auto made = plan({{"java", "/java"},
                            {"java8", "/java8"},
                            {"java11", "/shims/java11", true},
                            {"java17", "/java17"}},
                           {{"/java", R"(openjdk version "21.0.1")"}});
    EXPECT_EQ(made->program, "/java17");
    EXPECT_EQ(made->remark, "The function asks for java11 and runs on Java 17.");
    EXPECT_EQ(plan({{"java11", "/shims/java11", true}})->program, "/shims/java11");
}

TEST_F(runtime_java, what_is_missing_is_told_in_the_words_of_v1) {
    EXPECT_THAT(plan({}).error().message(),
                HasSubstr("Unable to find java or java8 executables; install Java 8 or newer"));
    EXPECT_EQ(plan({}).error().code, errc::not_found);
    EXPECT_THAT(plan_with(R"(java version "1.7.0_80")").error().message(),
                HasSubstr("Installed Java version must be greater than or equal to 8"));
    function.runtime = "java21";
    EXPECT_THAT(plan({{"java17", "/java17"}}).error().message(),
                HasSubstr("Installed Java version must be greater than or equal to 21"));
}

TEST_F(runtime_java, what_does_not_look_like_a_version_is_no_version) {
    for (const auto* said : {"", "17", "version 17", R"(java version "x")", R"(java version ")"}) {
        EXPECT_THAT(plan_with(said).error().message(), HasSubstr("Unable to find java")) << said;
    }
}

TEST_F(runtime_java, the_archive_of_classes_is_for_the_jvm_that_made_it) {
    const std::string made_for = R"(openjdk version "17.0.15" 2025-04-15)";
    const auto archive = directory / "java/evergrass-runtime.jsa";
    const auto option = "-XX:SharedArchiveFile=" + archive.string();
    std::ofstream(archive) << "four";
    std::ofstream(archive.string() + ".version") << made_for << "\n4\n";
    EXPECT_THAT(plan_with(made_for)->arguments, Contains(option));
    EXPECT_THAT(plan_with(R"(openjdk version "17.0.16" 2025-07-15)")->arguments,
                Not(Contains(option)));
    EXPECT_THAT(plan({{"java8", "/java8"}}, {{"/java8", ""}})->arguments, Not(Contains(option)));
}

TEST_F(runtime_java, an_archive_that_is_not_whole_is_not_used) {
    const std::string made_for = R"(openjdk version "17.0.15" 2025-04-15)";
    const auto archive = directory / "java/evergrass-runtime.jsa";
    const auto plans_archive = [&] {
        const auto made = plan_with(made_for);
        return std::any_of(made->arguments.begin(), made->arguments.end(),
                           [](const auto& a) { return a.starts_with("-XX:SharedArchiveFile"); });
    };
    std::ofstream(archive.string() + ".version") << made_for << "\n4\n";
    EXPECT_FALSE(plans_archive());
    std::ofstream(archive) << "fou";
    EXPECT_FALSE(plans_archive());
    std::ofstream(archive) << "four";
    EXPECT_TRUE(plans_archive());
    for (const auto* told : {"", "\n4\n", "openjdk"}) {
        std::ofstream(archive.string() + ".version") << told;
        EXPECT_FALSE(plans_archive()) << told;
    }
}

TEST_F(runtime_java, a_build_without_the_jars_and_a_folder_that_java_cannot_name_are_told) {
    fs::remove(jar());
    EXPECT_THAT(plan({{"java8", "/java8"}}).error().message(),
                HasSubstr("has no evergrass-runtime.jar; build it where a JDK is installed"));
    const auto colon = directory / "a:b";
    fs::create_directories(colon / "java");
    std::ofstream(colon / "java/evergrass-runtime.jar") << "a jar";
    const auto made = plan_launch(function, "/package", {{{"java8", "/java8"}}, colon, {}});
    EXPECT_THAT(made.error().message(), HasSubstr("for the colon in the name; move the core"));
}

TEST(runtimes_of_java, are_those_of_lambda_from_8_on) {
    for (const auto* name : {"java8", "java8.al2", "java11", "java17", "java21", "java25"}) {
        EXPECT_EQ(kind_of_runtime(name), runtime_kind::java) << name;
    }
    for (const auto* name : {"java", "java7", "java8.x", "java-8", "javascript", "java11.al3"}) {
        EXPECT_EQ(kind_of_runtime(name), runtime_kind::unknown) << name;
    }
}

}  // namespace
}  // namespace evergrass::edge::functions

#include "edge/functions/runtimes.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>

#include <map>

namespace evergrass::edge::functions {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

contract::function function_of(std::string runtime) {
    contract::function f;
    f.runtime = std::move(runtime);
    f.handler = "index.handler";
    return f;
}

// `versions`: what the programs say to --version, by path. Others must not be asked.
result<launch_plan> plan(const std::string& runtime, std::vector<interpreter> programs,
                         std::map<std::string, std::string> versions = {}) {
    const host_programs host{std::move(programs), "/runtime",
                             [versions = std::move(versions)](const std::filesystem::path& p) {
                                 const auto found = versions.find(p.string());
                                 EXPECT_NE(found, versions.end()) << p << " was asked";
                                 return found == versions.end() ? std::string{} : found->second;
                             }};
    return plan_launch(function_of(runtime), "/package", host);
}

TEST(runtime_nodejs, the_program_named_for_the_version_is_taken_and_no_other_asked) {
    const auto made = plan("nodejs12.x", {{"node", "/a/node"}, {"nodejs12.x", "/a/nodejs12.x"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->program, "/a/nodejs12.x");
    EXPECT_THAT(made->arguments, ElementsAre("nodejs12.x", "/runtime/nodejs/lambda_runtime.js",
                                             "--handler=index.handler"));
    EXPECT_EQ(made->remark, "");
}

TEST(runtime_nodejs, node_is_asked_for_its_version_and_stands_in) {
    const auto made = plan("nodejs8.10", {{"node", "/a/node"}}, {{"/a/node", "v20.11.1"}});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->program, "/a/node");
    EXPECT_EQ(made->remark, "The function asks for nodejs8.10 and runs on node (v20.11.1).");
}

TEST(runtime_nodejs, the_nearest_newer_version_stands_in) {
    const auto made = plan("nodejs8.10",
                           {{"nodejs6.10", "/a/nodejs6.10"},
                            {"node", "/a/node"},
                            {"nodejs", "/b/nodejs"},
                            {"nodejs12.x", "/b/nodejs12.x"}},
                           {{"/a/node", "v20.11.1"}, {"/b/nodejs", "v8.17.0"}});
    EXPECT_EQ(made->program, "/b/nodejs");
    const auto same = plan("nodejs8.10", {{"nodejs", "/a/nodejs"}, {"node", "/a/node"}},
                           {{"/a/node", "v20.11.1"}, {"/a/nodejs", "v20.11.1"}});
    EXPECT_EQ(same->program, "/a/node");
    const auto older = plan("nodejs6.10", {{"nodejs12.x", "/12"}, {"nodejs8.10", "/8"}});
    EXPECT_EQ(older->program, "/8");
}

TEST(runtime_nodejs, a_program_wins_over_the_shim_of_a_version_manager) {
    const auto made =
        plan("nodejs12.x", {{"nodejs12.x", "/shims/nodejs12.x", true}, {"node", "/node"}},
             {{"/node", "v22.1.0"}});
    EXPECT_EQ(made->program, "/node");
    const auto shim = plan("nodejs12.x", {{"nodejs12.x", "/shims/nodejs12.x", true}});
    EXPECT_EQ(shim->program, "/shims/nodejs12.x");
}

TEST(runtime_nodejs, an_older_one_does_not_stand_in) {
    const auto made = plan("nodejs12.x", {{"node", "/node"}, {"nodejs", "/broken"}},
                           {{"/node", "v10.24.1"}, {"/broken", ""}});
    EXPECT_EQ(made.error().code, errc::not_found);
    EXPECT_THAT(made.error().message(), HasSubstr("needs nodejs12.x or a newer Node.js"));
    EXPECT_THAT(made.error().message(), HasSubstr("only node (v10.24.1)"));
    EXPECT_THAT(plan("nodejs12.x", {{"python3.9", "/python3.9"}}).error().message(),
                HasSubstr("has none"));
}

TEST(runtime_nodejs, what_does_not_look_like_a_version_is_no_version) {
    for (const auto* said : {"v20", "20.1.1", "v20.x.1", "v.1.1", "node v20.1.1", "v20.1x.1"}) {
        EXPECT_FALSE(plan("nodejs6.10", {{"node", "/node"}}, {{"/node", said}})) << said;
    }
    EXPECT_TRUE(plan("nodejs6.10", {{"node", "/node"}}, {{"/node", "v23.0.0-nightly"}}));
}

}  // namespace
}  // namespace evergrass::edge::functions

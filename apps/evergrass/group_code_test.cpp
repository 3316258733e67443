#include "apps/evergrass/group_code.hpp"

#include "apps/evergrass/group_manifest.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/group_file/group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct group_folder : testing::Test {
    fs::path path = fs::temp_directory_path() / ("evergrass-" + hex_encode(random_bytes(6)));
    group_folder() { fs::create_directories(path); }
    ~group_folder() override { fs::remove_all(path); }

    void write(const fs::path& name, std::string_view text) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
    }
    wanted_group read(const std::string& text) const {
        write("group.yaml", text);
        auto wanted = read_wanted(path / "group.yaml");
        EXPECT_TRUE(wanted) << wanted.error().message();
        return wanted ? *wanted : wanted_group();
    }
    std::string refusal_of(const std::string& text) const {
        const auto made = make_deployment(read(text), frame());
        return made ? "made" : made.error().context;
    }
    static deployment_frame frame() {
        deployment_frame made;
        made.whose = {"aws", "eu-west-1", "210987654321"};
        made.group_id = "owner";
        made.certificates["c"] = std::string(64, 'c');
        made.now = wall_time(std::chrono::seconds(1'600'000'000));
        return made;
    }
};

using group_code = group_folder;

TEST_F(group_code, the_same_files_are_the_same_zip_whenever_they_were_written) {
    write("a/main.py", "x");
    write("a/lib/one.py", "1");
    write("b/lib/one.py", "1");
    write("b/main.py", "x");
    write("b/__pycache__/main.pyc", "compiled");
    write("b/.git/HEAD", "ref");
    fs::last_write_time(path / "b/main.py",
                        fs::file_time_type::clock::now() - std::chrono::hours(99));
    const auto a = read_code(path / "a");
    const auto b = read_code(path / "b");
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->digest, b->digest);
    write("b/main.py", "y");
    EXPECT_NE(a->digest, read_code(path / "b")->digest);
}

TEST_F(group_code, what_may_be_executed_stays_so) {
    write("a/run", "x");
    const auto plain = read_code(path / "a");
    fs::permissions(path / "a/run", fs::perms::owner_exec, fs::perm_options::add);
    EXPECT_NE(plain->digest, read_code(path / "a")->digest);
}

TEST_F(group_code, a_zip_is_taken_as_it_is_and_other_files_are_refused) {
    write("code.zip", "PK rest");
    EXPECT_EQ(read_code(path / "code.zip")->digest, base64_encode(sha256("PK rest")));
    write("code.tar", "tar");
    EXPECT_THAT(read_code(path / "code.tar").error().context,
                HasSubstr("neither a folder nor a zip"));
    fs::create_directories(path / "empty");
    EXPECT_THAT(read_code(path / "empty").error().context, HasSubstr("has no files"));
}

const std::string head = "format: evergrass-group-1\ngroup: g\ncore: {thing: c}\n";

TEST_F(group_folder, becomes_a_deployment_with_every_default) {
    write("f/main.py", "x");
    const auto made = make_deployment(
        read(head +
             "defaults: {isolation: NoContainer, uid: 5}\n"
             "functions:\n- {name: f, code: f, runtime: python3.8, handler: main.h, uid: 6}\n"
             "- {name: detector, arn: 'arn:aws:lambda:::function:GGIPDetector:1'}\n"
             "subscriptions:\n- {from: function:f, subject: t, to: cloud}\n"),
        frame());
    ASSERT_TRUE(made) << made.error().message();
    const auto& m = made->manifest;
    ASSERT_EQ(m.functions.size(), 2U);
    const auto& f = m.functions[0];
    EXPECT_THAT(f.arn,
                testing::MatchesRegex("arn:aws:lambda:eu-west-1:210987654321:function:f:[0-9]+"));
    EXPECT_EQ(f.timeout_seconds, 3);
    EXPECT_EQ(f.memory_size_kb, 16384);
    EXPECT_EQ(f.isolation_mode, contract::isolation::no_container);
    EXPECT_EQ(f.identity.uid, 6);
    EXPECT_EQ(m.subscriptions[0].source, f.arn);
    EXPECT_EQ(m.loggers.size(), 2U);
    EXPECT_TRUE(made->artifacts.contains(f.artifact));
    EXPECT_EQ(m.core.certificate_id(), std::string(64, 'c'));
}

TEST_F(group_folder, is_the_same_deployment_until_something_in_it_changes) {
    write("f/main.py", "x");
    const auto text =
        head + "functions: [{name: f, code: f, runtime: python3.8, handler: main.h}]\n";
    const auto first = make_deployment(read(text), frame());
    auto later = frame();
    later.now += std::chrono::hours(1);
    EXPECT_EQ(first->manifest.deployment_id,
              make_deployment(read(text), later)->manifest.deployment_id);
    write("f/main.py", "y");
    const auto second = make_deployment(read(text), frame());
    EXPECT_NE(first->manifest.deployment_id, second->manifest.deployment_id);
    EXPECT_NE(first->manifest.functions[0].arn, second->manifest.functions[0].arn);
}

TEST_F(group_folder, what_needs_the_service_is_refused_with_the_next_step) {
    EXPECT_THAT(refusal_of(head + "functions: [{name: f, alias: live}]\n"),
                HasSubstr("function 'f' has no code in the file"));
    EXPECT_THAT(refusal_of(head + "devices: [{thing: d}]\n"),
                HasSubstr("put it at certificates/d.cert.pem"));
    EXPECT_THAT(
        refusal_of(
            head +
            "connectors: [{id: x, arn: 'arn:aws:greengrass:r::/connectors/X/versions/1'}]\n"),
        HasSubstr("has connectors"));
    EXPECT_THAT(
        refusal_of(head + "resources: [{id: m, model: {s3: 's3://b/k', destination: /m}}]\n"),
        HasSubstr("resource 'm' is a model"));
    EXPECT_THAT(refusal_of("format: evergrass-group-1\ngroup: g\n"), HasSubstr("has no core"));
}

}  // namespace
}  // namespace evergrass::cli

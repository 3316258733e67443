#include "edge/isolation/host_isolation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace evergrass::edge::isolation {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(read_probe, of_a_host_that_has_all_lacks_nothing) {
    const auto host =
        read_probe(R"({"isolated":true,"memory":true,"pids":true,"devices":true,"user":true})"
                   "\n");
    EXPECT_TRUE(host.available);
    EXPECT_EQ(host.reason, "");
    EXPECT_THAT(host.lacks, IsEmpty());
}

TEST(read_probe, names_what_the_host_has_no_control_of) {
    EXPECT_THAT(read_probe(R"({"isolated":true,"memory":false,"devices":true,"user":true})").lacks,
                ElementsAre("memory", "pids"));
    EXPECT_THAT(read_probe(R"({"isolated":true})").lacks, SizeIs(4));
    EXPECT_THAT(read_probe(R"({"isolated":true,"memory":"true","pids":1,"devices":null,
                               "user":true})")
                    .lacks,
                ElementsAre("memory", "pids", "devices"))
        << "only what it says outright";
}

TEST(read_probe, of_a_host_that_cannot_isolate_has_the_reason_and_no_list) {
    const auto host =
        read_probe(R"({"isolated":false,"reason":"cannot mount root: Invalid argument"})");
    EXPECT_FALSE(host.available);
    EXPECT_EQ(host.reason, "cannot mount root: Invalid argument");
    EXPECT_THAT(host.lacks, IsEmpty());
    EXPECT_EQ(read_probe(R"({"memory":true})").reason, "it gave no reason");
    EXPECT_EQ(read_probe(R"({"isolated":false,"reason":""})").reason, "it gave no reason");
    EXPECT_FALSE(read_probe(R"({"isolated":"yes"})").available);
}

TEST(read_probe, of_something_else_is_no_isolation_and_shows_its_beginning) {
    for (const auto* text : {"", "[]", "true", "usage: evergrass-jail", "{\"isolated\":true"}) {
        const auto host = read_probe(text);
        EXPECT_FALSE(host.available) << text;
        EXPECT_EQ(host.reason, std::string("evergrass-jail did not answer: ") + text);
    }
    EXPECT_LT(read_probe(std::string(100000, 'x')).reason.size(), 300U);
}

class probe_isolation_test : public testing::Test {
protected:
    probe_isolation_test() {
        std::string name = std::filesystem::temp_directory_path() / "probe.XXXXXX";
        directory = ::mkdtemp(name.data());
    }
    ~probe_isolation_test() override { std::filesystem::remove_all(directory); }

    // A program that prints this, and its arguments and environment where the text names them.
    std::filesystem::path program(const std::string& script) const {
        const auto path = directory / "program";
        std::ofstream(path) << "#!/bin/sh\n" << script;
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }

    std::filesystem::path directory;
};

TEST_F(probe_isolation_test, of_a_program_that_is_missing_names_it) {
    const auto host = probe_isolation(directory / "none", directory);
    EXPECT_FALSE(host.available);
    EXPECT_EQ(host.reason,
              "cannot run " + (directory / "none").string() + ": No such file or directory");
}

TEST_F(probe_isolation_test, of_a_program_that_may_not_be_run_names_it) {
    const auto path = program("");
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    EXPECT_THAT(probe_isolation(path, directory).reason,
                AllOf(HasSubstr(path.string()), HasSubstr("Permission denied")));
}

TEST_F(probe_isolation_test, asks_for_a_probe_in_the_directory_and_reads_what_comes_in_pieces) {
    const auto path =
        program("printf '{\"isolated\":'; printf 'false,\"reason\":\"%s\"}' \"$* $#\"; exit 1");
    EXPECT_EQ(probe_isolation(path, directory).reason, "probe " + directory.string() + " 2");
}

TEST_F(probe_isolation_test, of_a_program_that_dies_without_a_word_is_no_isolation) {
    const auto host = probe_isolation(program("kill -9 $$"), directory);
    EXPECT_FALSE(host.available);
    EXPECT_THAT(host.reason, HasSubstr("did not answer"));
}

}  // namespace
}  // namespace evergrass::edge::isolation

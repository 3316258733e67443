#include "edge/cloud_link/session_file.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct session_file : ::testing::Test {
    std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("sessions_test_" + std::to_string(::getpid()));
    std::filesystem::path file = directory / "cloud/sessions.json";

    ~session_file() override { std::filesystem::remove_all(directory); }

    void write(std::string_view text) {
        make_directories(file.parent_path()).value();
        write_file_atomically(file, text).value();
    }
};

const kept_sessions two{"Core-c", {{1, {"a/+", "b"}}, {12, {"\"ü\""}}}};

TEST_F(session_file, is_read_as_it_was_written) {
    EXPECT_THAT(read_session_file(file).value().filters, IsEmpty());
    ASSERT_TRUE(write_session_file(file, write_session_text(two)));
    const auto read = read_session_file(file).value();
    EXPECT_EQ(read.client_ids, two.client_ids);
    EXPECT_EQ(read.filters, two.filters);
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
}

TEST_F(session_file, cut_off_anywhere_is_corrupt) {
    const auto text = write_session_text(two);
    for (std::size_t end = 0; end + 1 < text.size(); ++end) {
        write(std::string_view(text).substr(0, end));
        const auto read = read_session_file(file);
        ASSERT_FALSE(read) << end;
        EXPECT_EQ(read.error().code, errc::corrupt) << end;
        EXPECT_THAT(read.error().message(), HasSubstr(file.string()));
    }
}

TEST_F(session_file, with_a_member_of_another_kind_is_corrupt) {
    for (const auto* text :
         {"[]", "{}", R"({"version":"1"})", R"({"version":1,"clientIds":"c"})",
          R"({"version":1,"sessions":[]})", R"({"version":1,"clientIds":"c","sessions":[1]})",
          R"({"version":1,"clientIds":"c","sessions":[{"number":0,"filters":[]}]})",
          R"({"version":1,"clientIds":"c","sessions":[{"number":1000,"filters":[]}]})",
          R"({"version":1,"clientIds":"c","sessions":[{"number":1}]})",
          R"({"version":1,"clientIds":"c","sessions":[{"number":1,"filters":["a/#/b"]}]})",
          R"({"version":1,"clientIds":"c","sessions":[{"number":1,"filters":[7]}]})"}) {
        EXPECT_EQ(parse_session_text(text).error().code, errc::corrupt) << text;
    }
}

TEST_F(session_file, of_a_later_version_is_not_guessed_at) {
    write(R"({"version":2})");
    const auto read = read_session_file(file);
    EXPECT_EQ(read.error().code, errc::unsupported);
    EXPECT_THAT(read.error().message(), HasSubstr("this build reads version 1"));
}

}  // namespace
}  // namespace evergrass::edge

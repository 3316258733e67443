#include "edge/logs/log_tail.hpp"

#include "edge/logs/log_line.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <stdlib.h>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr std::size_t plenty = 1024 * 1024;

class log_tail : public ::testing::Test {
protected:
    log_tail() {
        std::string pattern = ::testing::TempDir() + "evergrass-tail-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        log_ = directory_ / "x.log";
    }
    ~log_tail() override { fs::remove_all(directory_); }

    void write(const std::string& text) { std::ofstream(log_, std::ios::app) << text; }
    void rotate() {
        if (fs::exists(directory_ / "x.1.log")) {
            fs::rename(directory_ / "x.1.log", directory_ / "x.2.log");
        }
        fs::rename(log_, directory_ / "x.1.log");
    }
    std::vector<std::string> read(std::size_t most = plenty) {
        const auto piece = read_log(log_, place_, most);
        place_ = piece.next;
        lost_ = piece.lost;
        return piece.lines;
    }

    fs::path directory_;
    fs::path log_;
    log_place place_;
    bool lost_ = false;
};

TEST_F(log_tail, whole_lines_come_once_as_they_are_written) {
    EXPECT_THAT(read(), IsEmpty());
    write("one\ntwo\nhal");
    EXPECT_THAT(read(), ElementsAre("one", "two"));
    EXPECT_THAT(read(), IsEmpty());
    write("f\n\nthree\n");
    EXPECT_THAT(read(), ElementsAre("half", "three"));
}

TEST_F(log_tail, a_rotation_loses_and_repeats_nothing) {
    write("a\n");
    EXPECT_THAT(read(), ElementsAre("a"));
    write("b\nend without a line");
    rotate();
    write("c\n");
    rotate();
    write("d\n");
    EXPECT_THAT(read(), ElementsAre("b", "end without a line", "c", "d"));
    EXPECT_FALSE(lost_);
    EXPECT_THAT(read(), IsEmpty());
}

TEST_F(log_tail, what_was_rotated_away_is_told) {
    write("a\n");
    read();
    fs::rename(log_, directory_ / "elsewhere");
    write("new\n");
    EXPECT_THAT(read(), ElementsAre("new"));
    EXPECT_TRUE(lost_);
}

TEST_F(log_tail, it_begins_at_the_end_when_that_is_asked) {
    write("old\n");
    place_ = end_of_log(log_);
    write("new\n");
    EXPECT_THAT(read(), ElementsAre("new"));
}

TEST_F(log_tail, a_piece_has_about_the_size_that_was_asked_for) {
    write("first\n");
    read();
    for (int i = 0; i < 100; ++i) {
        write("line " + std::to_string(i) + "\n");
    }
    rotate();
    write("last\n");
    std::vector<std::string> all;
    for (int i = 0; i < 200 && (all.empty() || all.back() != "last"); ++i) {
        const auto some = read(64);
        EXPECT_LT(some.size(), 20u);
        all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_EQ(all.size(), 101u);
}

TEST_F(log_tail, a_line_without_an_end_comes_in_pieces) {
    write(std::string(200'000, 'x'));
    EXPECT_EQ(read().size(), 3u);
    write("\n");
    EXPECT_EQ(read().size(), 1u);
}

TEST(line_head, time_and_level_are_read) {
    const auto head = read_line_head("[2020-02-20T01:05:20.372Z][WARN]-text");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->at_ms, 1582160720372);
    EXPECT_EQ(head->level, log_level::warn);
    for (const auto* line :
         {"", "text", "[2020-02-20T01:05:20.372Z][LOUD]-", "[2020-02-20T01:05:20Z][INFO]-x",
          "[2020-99-20T01:05:20.372Z][INFO]-x", "[2020-02-20T01:05:20.372Z]["}) {
        EXPECT_FALSE(read_line_head(line)) << line;
    }
}

}  // namespace
}  // namespace evergrass::edge

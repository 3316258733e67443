#include "edge/functions/line_splitter.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace evergrass::edge::functions {
namespace {

using testing::ElementsAre;

std::vector<std::string> split(line_splitter& s, std::string_view bytes) {
    std::vector<std::string> lines;
    s.feed(bytes, [&](std::string_view line) { lines.emplace_back(line); });
    return lines;
}

TEST(line_splitter, gives_a_line_when_its_end_has_come) {
    line_splitter s;
    EXPECT_THAT(split(s, "one\ntw"), ElementsAre("one"));
    EXPECT_THAT(split(s, "o\r\n\nthree\nrest"), ElementsAre("two", "three"));
    std::vector<std::string> last;
    s.finish([&](std::string_view line) { last.emplace_back(line); });
    EXPECT_THAT(last, ElementsAre("rest"));
}

TEST(line_splitter, gives_an_endless_line_in_pieces) {
    line_splitter s(4);
    EXPECT_THAT(split(s, "abcdefghij"), ElementsAre("abcd", "efgh"));
    EXPECT_THAT(split(s, "\n"), ElementsAre("ij"));
    EXPECT_THAT(split(s, "abcd\nx\n"), ElementsAre("abcd", "x"));
}

}  // namespace
}  // namespace evergrass::edge::functions

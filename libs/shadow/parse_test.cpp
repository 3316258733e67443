#include "libs/shadow/parse.hpp"

#include "libs/shadow/print.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace evergrass::shadow {
namespace {

TEST(shadow_parse, reads_what_the_common_parser_reads) {
    for (const auto* text :
         {R"({"a":[1,-2,18446744073709551615,true,false,null,{}],"b":{"c":"d"},"a2":[]})",
          R"("\u0041\n\ud83d\ude00/long text that is longer than any part of it")", " [ ] ", "1",
          R"({"a":1,"a":2})", "[1.5,2e3,-0.25]"}) {
        const auto read = parse(text, 32);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(*read, parse_json(text).value()) << text;
    }
    for (const auto* text :
         {"", " ", "{", "[1,]", "{} x", "nul", "\"\xff\"", "01", "[1 2]", "/**/1"}) {
        EXPECT_FALSE(parse(text, 32)) << text;
    }
    EXPECT_TRUE(parse("[[[]]]", 3));
    EXPECT_FALSE(parse("[[[]]]", 2));
}

TEST(shadow_parse, doubles_are_the_nearest_to_their_text) {
    EXPECT_EQ(parse("0.30000000000000004", 1)->get_double(), 0.1 + 0.2);
    EXPECT_EQ(parse("1.8446744073709552e38", 1)->get_double(), 1.8446744073709552e38);
    EXPECT_EQ(parse("18446744073709551616", 1)->get_double(), 18446744073709551616.0);
    EXPECT_EQ(parse("-5e-324", 1)->get_double(), -5e-324);
    EXPECT_EQ(parse("1e-999", 1)->get_double(), 0.0);
    std::mt19937_64 chance(1);
    for (int i = 0; i < 20'000; ++i) {
        const auto number = std::bit_cast<double>(chance());
        if (std::isfinite(number)) {
            const auto text = print(json::value(number));
            EXPECT_EQ(parse(text, 1)->get_double(), number) << text;
        }
    }
}

}  // namespace
}  // namespace evergrass::shadow

#include "libs/shadow/print.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace evergrass::shadow {
namespace {

std::string printed(std::string_view text) {
    return print(parse_json(text).value());
}

TEST(shadow_print, numbers_stay_what_they_were) {
    EXPECT_EQ(printed("[25.5, 25.0, 25, -0.0, 1e300, 1e-7, 0.1]"),
              "[25.5,25.0,25,-0.0,1e+300,1e-07,0.1]");
    EXPECT_EQ(printed("[18446744073709551615, -9223372036854775808]"),
              "[18446744073709551615,-9223372036854775808]");
    EXPECT_EQ(print(json::value(std::numeric_limits<double>::infinity())), "null");
}

TEST(shadow_print, text_is_escaped_where_it_has_to_be) {
    EXPECT_EQ(printed(R"({"a\"b\\":"\n\r\t\u0001\u001f/w\u00e5ter"})"),
              R"({"a\"b\\":"\n\r\t\u0001\u001f/w)"
              "\xc3\xa5"
              R"(ter"})");
    EXPECT_EQ(printed_size(parse_json(R"(["\u0001\"å", 1.0, -7])").value()),
              std::string_view(R"(["\u0001\"å",1.0,-7])").size());
}

TEST(shadow_print, what_is_printed_reads_back_the_same) {
    const auto value = parse_json(R"([true, false, null, {}, [], {"a": [1, {"b": "c"}]}])").value();
    EXPECT_EQ(print(value), R"([true,false,null,{},[],{"a":[1,{"b":"c"}]}])");
    EXPECT_EQ(parse_json(print(value)).value(), value);
    EXPECT_EQ(printed_size(value), print(value).size());
}

}  // namespace
}  // namespace evergrass::shadow

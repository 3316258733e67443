#include "libs/cbor/cbor.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass {
namespace {

using testing::HasSubstr;

std::string bytes(std::string_view hex) {
    return hex_decode(hex).value();
}

std::string json_of(std::string_view hex) {
    const auto read = parse_cbor(bytes(hex));
    return read ? json::serialize(*read) : "refused: " + read.error().context;
}

// RFC 8949, appendix A: all that JSON can say too.
TEST(cbor, the_examples_of_the_standard_are_read) {
    for (const auto& [hex, text] : std::initializer_list<std::pair<const char*, const char*>>{
             {"00", "0"},
             {"17", "23"},
             {"1818", "24"},
             {"1903e8", "1000"},
             {"1b000000e8d4a51000", "1000000000000"},
             {"1bffffffffffffffff", "18446744073709551615"},
             {"20", "-1"},
             {"3903e7", "-1000"},
             {"3b7fffffffffffffff", "-9223372036854775808"},
             {"f93e00", "1.5E0"},
             {"fa47c35000", "1E5"},
             {"fb3ff199999999999a", "1.1E0"},
             {"f4", "false"},
             {"f5", "true"},
             {"f6", "null"},
             {"f7", "null"},
             {"c11a514b67b0", "1363896240"},
             {"d9d9f7a0", "{}"},
             {"60", "\"\""},
             {"6449455446", "\"IETF\""},
             {"62c3bc", "\"\xc3\xbc\""},
             {"80", "[]"},
             {"8301820203820405", "[1,[2,3],[4,5]]"},
             {"a26161016162820203", R"({"a":1,"b":[2,3]})"},
             {"826161a161626163", R"(["a",{"b":"c"}])"},
             {"7f657374726561646d696e67ff", "\"streaming\""},
             {"9fff", "[]"},
             {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
             {"bf61610161629f0203ffff", R"({"a":1,"b":[2,3]})"},
             {"bf6346756ef563416d7421ff", R"({"Fun":true,"Amt":-2})"},
         }) {
        EXPECT_EQ(json_of(hex), text) << hex;
    }
}

TEST(cbor, what_json_cannot_say_is_refused_by_name) {
    for (const auto& [hex, why] : std::initializer_list<std::pair<const char*, const char*>>{
             {"4401020304", "byte strings"},
             {"5f42010243030405ff", "byte strings"},
             {"c249010000000000000000", "byte strings"},
             {"3bffffffffffffffff", "more than 64 bits"},
             {"f97e00", "not finite"},
             {"f97c00", "not finite"},
             {"a10102", "a key is no text"},
             {"a1a0f5", "a key is no text"},
             {"a1810100", "a key is no text"},
             {"a2616101616102", "a key comes twice"},
             {"62c328", "not UTF-8"},
             {"7f61c361bcff61", "more comes after"},
         }) {
        EXPECT_THAT(json_of(hex), HasSubstr(why)) << hex;
    }
    EXPECT_EQ(json_of("7f61c361bcff"), "\"\xc3\xbc\"") << "as a whole it is UTF-8";
    EXPECT_THAT(json_of("7f61c3ff"), HasSubstr("not UTF-8"));
}

TEST(cbor, what_is_no_cbor_is_refused_with_the_byte) {
    for (const auto& [hex, why] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "ends in the middle (byte 0)"},
             {"0000", "more comes after the value (byte 1)"},
             {"ff", "a break where nothing ends (byte 0)"},
             {"81ff", "a break where nothing ends (byte 1)"},
             {"bf6161ff", "a break where nothing ends (byte 3)"},
             {"7f01ff", "a piece that is no text (byte 1)"},
             {"7f7fffff", "a piece that is no text (byte 1)"},
             {"7f80ff", "a piece that is no text (byte 1)"},
             {"1c", "not CBOR"},
             {"9bffffffffffffffff", "longer than what holds it"},
             {"bbffffffffffffffff", "longer than what holds it"},
             {"bb8000000000000000", "longer than what holds it"},
             {"7bffffffffffffffff61", "ends in the middle"},
         }) {
        EXPECT_THAT(json_of(hex), HasSubstr(why)) << hex;
    }
}

TEST(cbor, each_beginning_of_a_value_is_refused) {
    const auto whole = bytes("a26161830102f6616bbf61626378797aff");
    ASSERT_TRUE(parse_cbor(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_cbor(std::string_view(whole).substr(0, size))) << size;
    }
}

TEST(cbor, depth_and_size_have_bounds) {
    const auto nested = [](std::size_t levels, char by) {
        return std::string(levels, by) + '\x01' +
               (by == '\x9f' ? std::string(levels, '\xff') : std::string());
    };
    for (const char by : {'\x81', '\x9f'}) {
        EXPECT_TRUE(parse_cbor(nested(32, by)));
        const auto deep = parse_cbor(nested(33, by));
        ASSERT_FALSE(deep);
        EXPECT_THAT(deep.error().context, HasSubstr("too many levels (byte 32)"));
        EXPECT_FALSE(parse_cbor(nested(100'000, by), {1 << 20, 32}));
    }
    for (const char by : {'\x7f', '\x5f', '\xc6'}) {  // texts in texts, tags of tags
        EXPECT_FALSE(parse_cbor(std::string(100'000, by)));
    }
    EXPECT_TRUE(parse_cbor("\x63xyz", {4, 32}));
    const auto large = parse_cbor("\x63xyz", {3, 32});
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::too_large);
}

TEST(cbor, what_is_written_is_read_and_is_the_shortest_form) {
    for (const auto& [text, hex] : std::initializer_list<std::pair<const char*, const char*>>{
             {R"({"a":1,"b":[2,3]})", "a26161016162820203"},
             {"[23,24,255,256,-1,-25]", "8617181818ff190100203818"},
             {"[true,false,null,1.1]", "84f5f4f6fb3ff199999999999a"},
             {"18446744073709551615", "1bffffffffffffffff"},
             {"-9223372036854775808", "3b7fffffffffffffff"},
             {"\"IETF\"", "6449455446"},
         }) {
        const auto value = parse_json(text).value();
        EXPECT_EQ(hex_encode(to_cbor(value)), hex) << text;
        EXPECT_EQ(parse_cbor(to_cbor(value)).value(), value) << text;
    }
    const json::value large{std::string(70'000, 'x')};
    EXPECT_EQ(parse_cbor(to_cbor(large)).value(), large);
}

}  // namespace
}  // namespace evergrass

#include "cloud/objects/object_body.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud::objects {
namespace {

http::request request_with(std::string_view header, std::string_view value, std::string body) {
    http::request made;
    made.headers.add(std::string(header), std::string(value));
    made.body = std::move(body);
    return made;
}

constexpr std::string_view chunked = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

http::request chunked_request(std::string body) {
    return request_with("x-amz-content-sha256", chunked, std::move(body));
}

// The check values that the definitions of the CRCs publish, and the digests of RFC 1321 and
// FIPS 180, all of "123456789".
TEST(object_body, each_checksum_is_checked) {
    constexpr std::pair<const char*, const char*> sums[] = {
        {"x-amz-checksum-crc32", "y/Q5Jg=="},
        {"x-amz-checksum-crc32c", "4waSgw=="},
        {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
        {"Content-MD5", "JfnnlDI7RTiF9RgfG2JNCw=="},
        {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
        {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
    };
    for (const auto& [header, sum] : sums) {
        auto good = request_with(header, sum, "123456789");
        const auto read = read_object_body(good);
        ASSERT_TRUE(read) << header << ": " << read.error().message;
        EXPECT_EQ(*read, "123456789");
        auto other = request_with(header, sum, "123456780");
        ASSERT_FALSE(read_object_body(other)) << header;
        other = request_with(header, sum, "123456780");
        EXPECT_EQ(read_object_body(other).error().code, "BadDigest") << header;
        auto broken = request_with(header, "AAA", "123456789");
        EXPECT_EQ(read_object_body(broken).error().code, "InvalidDigest") << header;
    }
}

TEST(object_body, chunks_are_joined_and_their_trailer_is_checked) {
    auto good = chunked_request(
        "4\r\n1234\r\n5;x=y\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
    const auto read = read_object_body(good);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, "123456789");
    auto other = chunked_request("1\r\n1\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n");
    EXPECT_EQ(read_object_body(other).error().code, "BadDigest");
}

TEST(object_body, an_empty_one_may_come_in_no_chunks) {
    auto empty = chunked_request("0\r\n\r\n");
    EXPECT_EQ(read_object_body(empty).value(), "");
}

TEST(object_body, broken_chunks_are_refused) {
    for (const auto* body :
         {"", "4", "4\r\n123\r\n0\r\n\r\n", "4\r\n1234", "g\r\n\r\n", "-1\r\n",
          "ffffffffffffffff\r\na\r\n0\r\n", "10000000000000000\r\na\r\n", "\r\n"}) {
        auto broken = chunked_request(body);
        const auto read = read_object_body(broken);
        ASSERT_FALSE(read) << body;
        EXPECT_EQ(read.error().code, "IncompleteBody") << body;
    }
}

}  // namespace
}  // namespace evergrass::cloud::objects

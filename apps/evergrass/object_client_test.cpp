#include "apps/evergrass/object_client.hpp"

#include "apps/evergrass/object_client_testing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t part_bytes = 8UL * 1024 * 1024;
const object_name net{"models", "a b/net.zip"};
const std::string at = "/models/a%20b/net.zip";

TEST(object_client, an_etag_is_of_the_bytes_in_one_piece_or_in_the_aws_cli_s_parts) {
    EXPECT_TRUE(is_etag_of("900150983cd24fb0d6963f7d28e17f72", "abc"));
    EXPECT_FALSE(is_etag_of("900150983cd24fb0d6963f7d28e17f72", "abd"));
    // Of 8 MiB and of 1 byte of 'x': MD5 of both MD5s.
    const std::string large(8UL * 1024 * 1024 + 1, 'x');
    EXPECT_TRUE(is_etag_of("4324378fe1c19cb47d68b75ffd799f97-2", large));
    EXPECT_FALSE(is_etag_of("4324378fe1c19cb47d68b75ffd799f97-2", large + "x"));
    EXPECT_FALSE(is_etag_of("", "abc"));
}

struct object_client_test : ::testing::Test {
    testing::scripted_s3 s3;

    result<void> put(std::string bytes) {
        auto objects = s3.client();
        return s3.wait(objects.put(net, std::move(bytes)));
    }
};

TEST_F(object_client_test, a_bucket_that_is_there_is_not_made) {
    s3.answers["HeadBucket"] = 200;
    EXPECT_TRUE(put(std::string(part_bytes, 'x')));
    EXPECT_THAT(s3.asked, ElementsAre("HEAD /models", "PUT " + at));
    s3.answers["HeadBucket"] = 403;
    EXPECT_FALSE(put("x"));
    EXPECT_EQ(s3.asked.size(), 3U);
}

TEST_F(object_client_test, a_bucket_is_made_in_the_region_of_the_service) {
    s3.options.region = "eu-west-1";
    EXPECT_TRUE(put("x"));
    EXPECT_THAT(s3.bodies.at(1), HasSubstr("<LocationConstraint>eu-west-1</LocationConstraint>"));
}

TEST_F(object_client_test, a_large_one_goes_in_parts) {
    EXPECT_TRUE(put(std::string(part_bytes, 'x') + std::string(part_bytes, 'y') + "z"));
    ASSERT_THAT(s3.asked, ElementsAre("HEAD /models", "PUT /models", "POST " + at + "?uploads",
                                      "PUT " + at + "?partNumber=1&uploadId=u%2F1",
                                      "PUT " + at + "?partNumber=2&uploadId=u%2F1",
                                      "PUT " + at + "?partNumber=3&uploadId=u%2F1",
                                      "POST " + at + "?uploadId=u%2F1"));
    EXPECT_TRUE(s3.bodies[3] == std::string(part_bytes, 'x'));
    EXPECT_TRUE(s3.bodies[4] == std::string(part_bytes, 'y'));
    EXPECT_EQ(s3.bodies[5], "z");
    EXPECT_THAT(s3.bodies[6],
                HasSubstr("<Part><PartNumber>2</PartNumber><ETag>\"e5\"</ETag></Part>"));
}

TEST_F(object_client_test, a_part_that_fails_is_an_error_and_its_upload_is_dropped) {
    s3.answers["UploadPart"] = 507;
    EXPECT_FALSE(put(std::string(part_bytes + 1, 'x')));
    EXPECT_EQ(s3.asked.size(), 5U);
    EXPECT_EQ(s3.asked.back(), "DELETE " + at + "?uploadId=u%2F1");
}

TEST_F(object_client_test, an_error_behind_a_200_is_one) {
    s3.contents["CompleteMultipartUpload"] = "<Error><Code>InternalError</Code></Error>";
    const auto done = put(std::string(part_bytes + 1, 'x'));
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().context, HasSubstr("InternalError"));
    EXPECT_EQ(s3.asked.back(), "DELETE " + at + "?uploadId=u%2F1");
}

}  // namespace
}  // namespace evergrass::cli

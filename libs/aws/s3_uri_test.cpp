#include "libs/aws/s3_uri.hpp"

#include <gtest/gtest.h>

namespace evergrass::aws {
namespace {

TEST(s3_uri, all_forms_name_bucket_and_key) {
    for (const auto* text : {
             "s3://my-bucket/a/b c.json",
             "https://s3.amazonaws.com/my-bucket/a/b%20c.json",
             "https://s3.eu-west-1.amazonaws.com/my-bucket/a/b%20c.json",
             "https://s3-eu-west-1.amazonaws.com/my-bucket/a/b%20c.json",
             "https://my-bucket.s3.amazonaws.com/a/b%20c.json",
             "https://my-bucket.s3.eu-west-1.amazonaws.com/a/b%20c.json",
             "https://my-bucket.s3-eu-west-1.amazonaws.com/a/b%20c.json",
         }) {
        const auto named = parse_s3_uri(text);
        ASSERT_TRUE(named) << text;
        EXPECT_EQ(named->bucket, "my-bucket") << text;
        EXPECT_EQ(named->key, "a/b c.json") << text;
    }
}

TEST(s3_uri, anything_else_is_refused_with_the_forms) {
    for (const auto* text : {"", "s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://B/key",
                             "file:///etc/passwd", "http://s3.amazonaws.com/bucket/key",
                             "https://example.com/bucket/key", "https://s3.amazonaws.com/bucket",
                             "https://s3.amazonaws.com/bucket/%ff", "https://.amazonaws.com/b/k"}) {
        const auto named = parse_s3_uri(text);
        ASSERT_FALSE(named) << text;
        EXPECT_NE(named.error().context.find("s3://BUCKET/KEY"), std::string::npos);
    }
}

TEST(bucket_name, has_3_to_63_characters_of_few_kinds) {
    EXPECT_TRUE(is_bucket_name("abc"));
    EXPECT_TRUE(is_bucket_name("a.b-1"));
    EXPECT_TRUE(is_bucket_name(std::string(63, 'a')));
    for (const auto* text :
         {"", "ab", "A-b", "a..b", ".abc", "abc.", "-abc", "abc-", "a_b", "a/b"}) {
        EXPECT_FALSE(is_bucket_name(text)) << text;
    }
    EXPECT_FALSE(is_bucket_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace evergrass::aws

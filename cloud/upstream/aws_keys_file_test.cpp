#include "cloud/upstream/aws_keys_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace evergrass::cloud::upstream {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(aws_keys_file, the_default_section_is_read) {
    const auto keys = parse_aws_keys(
        "# mine\n[other]\naws_access_key_id = X\n\n[default]\r\naws_access_key_id=AKIA1\r\n"
        "  aws_secret_access_key = s/e=c+ret \nregion = eu-west-1\naws_session_token=t\n"
        "[last]\naws_secret_access_key = y");
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(keys->access_key_id, "AKIA1");
    EXPECT_EQ(keys->secret_access_key, "s/e=c+ret");
    EXPECT_EQ(keys->session_token, "t");
}

TEST(aws_keys_file, what_is_missing_is_named_and_no_value_is_told) {
    const auto missing = parse_aws_keys("[default]\naws_secret_access_key = hush\n");
    ASSERT_TRUE(missing.has_error());
    EXPECT_THAT(missing.error().message(),
                AllOf(HasSubstr("'aws_access_key_id' is missing"), Not(HasSubstr("hush"))));
    EXPECT_TRUE(parse_aws_keys("").has_error());
    EXPECT_TRUE(
        parse_aws_keys("[default]\naws_access_key_id=a b\naws_secret_access_key=s").has_error());
}

TEST(aws_keys_file, a_file_that_is_not_there_is_named) {
    const auto read = read_aws_keys("/nowhere/credentials", "--aws-credentials");
    ASSERT_TRUE(read.has_error());
    EXPECT_THAT(read.error().message(),
                AllOf(HasSubstr("--aws-credentials"), HasSubstr("/nowhere/credentials")));
}

TEST(aws_keys_file, keys_of_the_environment_are_taken_or_the_missing_one_is_named) {
    std::map<std::string, std::string> set{{"AWS_ACCESS_KEY_ID", "AKIA1"}};
    const auto variable = [&](const char* name) {
        const auto found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
    };
    EXPECT_THAT(aws_keys_of_environment(variable).error().message(),
                HasSubstr("AWS_SECRET_ACCESS_KEY is not set"));
    set["AWS_SECRET_ACCESS_KEY"] = "hush";
    const auto keys = aws_keys_of_environment(variable);
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ(keys->access_key_id, "AKIA1");
    EXPECT_EQ(keys->secret_access_key, "hush");
    EXPECT_EQ(keys->session_token, "");
    set["AWS_SESSION_TOKEN"] = "a\nb";
    EXPECT_THAT(aws_keys_of_environment(variable).error().message(),
                AllOf(HasSubstr("AWS_SESSION_TOKEN"), Not(HasSubstr("hush"))));
}

}  // namespace
}  // namespace evergrass::cloud::upstream

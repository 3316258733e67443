#include "cloud/greengrass/issued_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cloud::greengrass {
namespace {

using testing::HasSubstr;

// As the API reference of STS shows it.
const std::string answer = R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>ARO123EXAMPLE123:core</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/core</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>AQoDYXdz&amp;EPT//EXAMPLE==</SessionToken>
      <Expiration>2026-11-23T20:30:00Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>)";

TEST(sts_answer, is_read) {
    const auto read = parse_assume_role_answer(answer);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->access_key_id, "ASIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(read->secret_access_key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
    EXPECT_EQ(read->session_token, "AQoDYXdz&EPT//EXAMPLE==");
    EXPECT_EQ(read->expiration, "2026-11-23T20:30:00Z");
}

TEST(sts_answer, the_element_that_is_missing_is_named) {
    for (const auto* element :
         {"Credentials", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
        auto changed = answer;
        changed.replace(changed.find("<" + std::string(element) + ">") + 1, 1, "x");
        const auto read = parse_assume_role_answer(changed);
        ASSERT_TRUE(read.has_error()) << element;
        EXPECT_THAT(read.error().message(), HasSubstr(element));
    }
    EXPECT_TRUE(parse_assume_role_answer(answer.substr(0, answer.size() / 2)).has_error());
    EXPECT_TRUE(parse_assume_role_answer("{}").has_error());
}

TEST(sts_answer, a_refusal_is_quoted) {
    EXPECT_EQ(sts_refusal("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                          "<Message>User: a &lt;b&gt; is not authorized</Message></Error>"
                          "</ErrorResponse>"),
              "AccessDenied: User: a <b> is not authorized");
    EXPECT_EQ(sts_refusal("<html>502</html>"), "");
}

TEST(expiration, has_whole_seconds) {
    EXPECT_EQ(format_expiration(*parse_basic_iso8601("20261123T203000Z")), "2026-11-23T20:30:00Z");
}

}  // namespace
}  // namespace evergrass::cloud::greengrass

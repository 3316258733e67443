#include "edge/secrets/new_secrets.hpp"

#include <gmock/gmock.h>

namespace evergrass::edge {
namespace {

TEST(new_secrets, are_read_and_what_is_wrong_is_named) {
    const auto read = parse_new_secrets(
        R"({"secretsOfDeployment": "d", "secretsVersion": "v", "sealedSecrets": "aGk="})");
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->deployment_id + read->version + read->sealed, "dvhi");
    for (const auto& [text, member] :
         {std::pair(R"({"secretsVersion": "v", "sealedSecrets": ""})", "secretsOfDeployment"),
          std::pair(R"({"secretsOfDeployment": "d", "sealedSecrets": "aGk="})", "secretsVersion"),
          std::pair(R"({"secretsOfDeployment": "d", "secretsVersion": "v", "sealedSecrets": "?"})",
                    "sealedSecrets"),
          std::pair("[]", "JSON object"), std::pair("", "JSON object")}) {
        const auto wrong = parse_new_secrets(text);
        ASSERT_FALSE(wrong) << text;
        EXPECT_THAT(wrong.error().message(), testing::HasSubstr(member));
    }
}

}  // namespace
}  // namespace evergrass::edge

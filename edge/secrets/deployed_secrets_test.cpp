#include "edge/secrets/deployed_secrets.hpp"

#include "edge/secrets/file_secret_store.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

namespace evergrass::edge {
namespace {

const std::string prefix = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";

secret made(const std::string& name, const std::string& value) {
    return {prefix + name + "-AbCdEf", name, {{"v1", {"AWSCURRENT"}, 1, false, value}}};
}

class deployed : public ::testing::Test {
protected:
    ~deployed() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_ = [] {
        std::string pattern = ::testing::TempDir() + "evergrass-deployed-XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    pki::private_key key_ = pki::private_key::from_pem(pki::generate_ec_key()).value();
    any_key_wrapper wrapper_{[this] { return key_; }, pki::key_wrapping::pkcs1};
    file_secret_store local_{directory_ / "secrets", &wrapper_};
    deployed_secrets all_{local_};
};

TEST_F(deployed, secrets_come_before_those_of_the_store_and_go_with_their_deployment) {
    ASSERT_TRUE(local_.put(made("a", "local")));
    ASSERT_TRUE(local_.put(made("b", "local")));
    all_.use({made("a", "new"), made("c", "new")});
    EXPECT_EQ(all_.find("a")->versions[0].value, "new");
    EXPECT_EQ(all_.find(prefix + "a-AbCdEf")->versions[0].value, "new");
    EXPECT_EQ(all_.find("b")->versions[0].value, "local");
    EXPECT_EQ(all_.find("c")->versions[0].value, "new");
    EXPECT_EQ(all_.all().size(), 3u);
    all_.use({});
    EXPECT_EQ(all_.find("a")->versions[0].value, "local");
    EXPECT_EQ(all_.find("c"), nullptr);
}

TEST_F(deployed, secrets_get_new_values_and_those_without_one_stay) {
    all_.use({made("a", "old"), made("b", "old")});
    all_.renew({made("b", "new")});
    EXPECT_EQ(all_.find("a")->versions[0].value, "old");
    EXPECT_EQ(all_.find("b")->versions[0].value, "new");
    EXPECT_EQ(all_.deployed().size(), 2u);
}

TEST_F(deployed, secrets_never_reach_the_disk) {
    all_.use({made("a", "new")});
    EXPECT_FALSE(std::filesystem::exists(directory_ / "secrets"));
}

TEST(deployed_secrets, a_file_that_is_none_is_refused_without_its_values) {
    const auto good = "{\"secrets\": [" + to_json_text(made("a", "hush")) + "]}";
    ASSERT_TRUE(parse_deployed_secrets(good));
    EXPECT_EQ(parse_deployed_secrets(good)->front().name, "a");
    for (const std::string& bad :
         {std::string("{}"), std::string("[]"), std::string("hush"),
          std::string(R"({"secrets": [{"version": 1, "name": "hush"}]})")}) {
        const auto read = parse_deployed_secrets(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().message().find("hush"), std::string::npos);
    }
}

}  // namespace
}  // namespace evergrass::edge

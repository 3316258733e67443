#include "cloud/greengrass/upstream_sts.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace evergrass::cloud::greengrass {
namespace {

using testing::HasSubstr;

class upstream_sts_settings_test : public testing::Test {
protected:
    void SetUp() override {
        keys_ = testing::TempDir() + "sts-keys-" + std::to_string(::getpid());
        ASSERT_TRUE(write_file_atomically(
            keys_, "[default]\naws_access_key_id=A\naws_secret_access_key=S\n", 0600));
    }
    void TearDown() override { std::filesystem::remove(keys_); }

    std::string refusal(const std::string& endpoint, const std::string& ca_file = "") {
        const auto made =
            upstream_sts::make({{keys_, "--aws-credentials", {}}, "eu-west-1", endpoint, ca_file});
        return made ? "" : made.error().message();
    }
    std::string keys_;
};

TEST_F(upstream_sts_settings_test, are_checked_at_start) {
    for (const auto* good :
         {"", "https://sts.example", "https://sts.example:8443/", "http://127.0.0.1:4566"}) {
        EXPECT_EQ(refusal(good), "") << good;
    }
    for (const auto* bad : {"sts.example", "ftp://sts.example", "https://", "https://h:0",
                            "https://h:x", "https://h/path", "https://u@h"}) {
        EXPECT_THAT(refusal(bad), HasSubstr("--sts-endpoint '" + std::string(bad) + "'")) << bad;
    }
    EXPECT_THAT(refusal("", "/nowhere.pem"), HasSubstr("--sts-ca-file"));
    std::filesystem::remove(keys_);
    EXPECT_THAT(refusal(""), HasSubstr("--aws-credentials"));
}

}  // namespace
}  // namespace evergrass::cloud::greengrass

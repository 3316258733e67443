#include "apps/evergrass/service_account.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <unistd.h>

namespace evergrass::cli {
namespace {

using testing::HasSubstr;

class service_account_choice : public testing::Test {
protected:
    service_account_choice()
        : directory_(std::filesystem::path(testing::TempDir()) /
                     ("evergrass_account_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(directory_);
        EXPECT_TRUE(write_file_atomically(directory_ / "ca.pem", "the CA"));
        EXPECT_TRUE(write_file_atomically(
            directory_ / "endpoints.json",
            R"({"api":"https://of-file","ca_file":")" + (directory_ / "ca.pem").string() +
                R"(","region":"of-file","access_key_id":"id","secret_access_key":"secret"})"));
        variables_ = {{"AWS_ENDPOINT_URL", "https://of-shell"},
                      {"AWS_CA_BUNDLE", (directory_ / "ca.pem").string()},
                      {"AWS_DEFAULT_REGION", "of-shell"},
                      {"AWS_ACCESS_KEY_ID", "shell-id"},
                      {"AWS_SECRET_ACCESS_KEY", "shell-secret"}};
    }
    ~service_account_choice() override { std::filesystem::remove_all(directory_); }

    result<api_client_options> find(const service_account& asked) {
        return find_service(asked, [this](const char* name) -> const char* {
            const auto found = variables_.find(name);
            return found == variables_.end() ? nullptr : found->second.c_str();
        });
    }

    std::filesystem::path directory_;
    std::map<std::string, std::string> variables_;
};

TEST_F(service_account_choice, options_win_over_the_file_and_the_file_over_the_shell) {
    service_account asked;
    asked.directory = directory_;
    asked.region = "asked";
    const auto found = find(asked).value();
    EXPECT_EQ(found.url, "https://of-file");
    EXPECT_EQ(found.region, "asked");
    EXPECT_EQ(found.ca_pem, "the CA");
    EXPECT_EQ(found.credentials.access_key_id, "id");
}

TEST_F(service_account_choice, the_variables_of_aws_are_enough) {
    const auto found = find({}).value();
    EXPECT_EQ(found.url, "https://of-shell");
    EXPECT_EQ(found.region, "of-shell");
    EXPECT_EQ(found.credentials.secret_access_key, "shell-secret");
}

TEST_F(service_account_choice, what_is_missing_is_named_with_the_way_to_give_it) {
    variables_.erase("AWS_SECRET_ACCESS_KEY");
    EXPECT_THAT(find({}).error().message(), HasSubstr("AWS_SECRET_ACCESS_KEY"));
    variables_.erase("AWS_DEFAULT_REGION");
    EXPECT_THAT(find({}).error().message(), HasSubstr("--region NAME"));
    variables_.erase("AWS_CA_BUNDLE");
    EXPECT_THAT(find({}).error().message(), HasSubstr("--ca-file FILE"));
    variables_.erase("AWS_ENDPOINT_URL");
    EXPECT_THAT(find({}).error().message(), HasSubstr("--endpoint https://"));
}

TEST_F(service_account_choice, keys_are_not_asked_for_without_tls) {
    service_account asked;
    asked.endpoint = "http://127.0.0.1:8080";
    EXPECT_THAT(find(asked).error().message(), HasSubstr("must begin with https://"));
}

}  // namespace
}  // namespace evergrass::cli

#include "cloud/secrets/operations.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace evergrass::cloud::secrets {
namespace {

class set_clock final : public clock {
public:
    wall_time now() const override { return now_; }
    wall_time now_ = wall_time(std::chrono::hours(24 * 365 * 50));
};

class secrets_service : public ::testing::Test {
protected:
    secrets_service() {
        std::string pattern = std::filesystem::temp_directory_path() / "secrets_XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        state_ = store::open((directory_ / "service.db").string()).value();
        in_ = std::make_unique<secret_registry>(secret_registry{*state_, identity_, clock_});
        add_secrets_operations(table_, *in_);
    }
    ~secrets_service() override { std::filesystem::remove_all(directory_); }

    api_result run(std::string_view name, json::object input) {
        call made;
        made.input = std::move(input);
        return (*table_.find("secretsmanager", name))(made);
    }
    std::string code(std::string_view name, json::object input) {
        const auto done = run(name, std::move(input));
        return done ? "success" : done.error().code;
    }

    std::filesystem::path directory_;
    std::unique_ptr<store> state_;
    service_identity identity_;
    set_clock clock_;
    std::unique_ptr<secret_registry> in_;
    operation_table table_;
};

TEST_F(secrets_service, a_deleted_secret_goes_for_good_when_its_days_are_over) {
    ASSERT_TRUE(run("CreateSecret", {{"Name", "s"}, {"SecretString", "v"}}));
    ASSERT_TRUE(run("DeleteSecret", {{"SecretId", "s"}, {"RecoveryWindowInDays", 7}}));
    clock_.now_ += std::chrono::hours(24 * 7 - 1);
    EXPECT_EQ(code("DescribeSecret", {{"SecretId", "s"}}), "success");
    EXPECT_EQ(code("CreateSecret", {{"Name", "s"}}), "InvalidRequestException");
    clock_.now_ += std::chrono::hours(2);
    EXPECT_EQ(code("DescribeSecret", {{"SecretId", "s"}}), "ResourceNotFoundException");
    EXPECT_EQ(code("RestoreSecret", {{"SecretId", "s"}}), "ResourceNotFoundException");
    EXPECT_EQ(code("CreateSecret", {{"Name", "s"}}), "success");
    std::int64_t versions = -1;
    ASSERT_TRUE(state_->db().query("test", "SELECT count(*) FROM secret_versions", {},
                                   [&](const db::row& row) { versions = row.integer(0); }));
    EXPECT_EQ(versions, 0);
}

TEST_F(secrets_service, versions_without_a_label_are_kept_up_to_a_hundred) {
    ASSERT_TRUE(run("CreateSecret", {{"Name", "s"}}));
    for (int i = 0; i < 110; ++i) {
        ASSERT_TRUE(run("PutSecretValue", {{"SecretId", "s"}, {"SecretString", "v"}}));
        clock_.now_ += std::chrono::seconds(1);
    }
    const auto versions = versions_of(*in_, require_secret(*in_, "s")->arn);
    EXPECT_EQ(versions->size(), 102u);
}

TEST_F(secrets_service, a_value_of_another_secret_does_not_open) {
    ASSERT_TRUE(run("CreateSecret", {{"Name", "a"}, {"SecretString", "x"}}));
    ASSERT_TRUE(run("CreateSecret", {{"Name", "b"}, {"SecretString", "y"}}));
    ASSERT_TRUE(state_->db().run("swap",
                                 "UPDATE secret_versions SET sealed = (SELECT sealed FROM"
                                 " secret_versions AS o WHERE o.arn <> secret_versions.arn)"));
    EXPECT_EQ(code("GetSecretValue", {{"SecretId", "a"}}), internal_failure);
}

}  // namespace
}  // namespace evergrass::cloud::secrets

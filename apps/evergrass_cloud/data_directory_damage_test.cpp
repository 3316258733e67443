#include "apps/evergrass_cloud/data_directory.hpp"
#include "apps/evergrass_cloud/identity_check.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sys/stat.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class data_directory : public ::testing::Test {
protected:
    ~data_directory() override { fs::remove_all(path_); }

    result<service_keys> keys() { return load_or_make_keys(path_, now_); }
    std::string why_not() {
        const auto loaded = keys();
        return loaded ? "loaded" : loaded.error().message();
    }
    static mode_t mode_of(const fs::path& path) {
        struct stat info {};
        return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
    }

    fs::path path_ = [] {
        std::string pattern = fs::temp_directory_path() / "data_directory_XXXXXX";
        return fs::path(::mkdtemp(pattern.data()));
    }();
    wall_time now_ = clock().now();
};

TEST_F(data_directory, the_first_start_makes_the_keys_and_the_next_finds_them) {
    const auto first = keys();
    ASSERT_TRUE(first) << first.error().message();
    const auto second = keys();
    ASSERT_TRUE(second);
    EXPECT_EQ(first->authority.chain_pem, second->authority.chain_pem);
    EXPECT_EQ(first->devices.certificate_pem, second->devices.certificate_pem);
    EXPECT_EQ(first->signing_key_pem, second->signing_key_pem);
    EXPECT_NE(first->authority.key_pem, first->devices.key_pem);
    const auto info = pki::read_certificate(first->authority.chain_pem).value();
    EXPECT_TRUE(info.is_ca);
    EXPECT_GT(info.not_after, now_ + std::chrono::hours(24 * 365 * 29));
}

TEST_F(data_directory, keys_are_for_the_owner_alone) {
    ASSERT_TRUE(keys());
    for (const auto* name : {"ca.key", "device-ca.key", "deployment-signing.key"}) {
        EXPECT_EQ(mode_of(path_ / name), 0600u) << name;
    }
    ASSERT_TRUE(prepare_data_directory(path_ / "new"));
    EXPECT_EQ(mode_of(path_ / "new"), 0700u);
}

TEST_F(data_directory, a_key_without_its_certificate_is_completed) {
    const auto first = keys();
    ASSERT_TRUE(first);
    fs::remove(path_ / "ca.pem");
    const auto second = keys();
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(first->authority.key_pem, second->authority.key_pem);
}

TEST_F(data_directory, a_certificate_without_its_key_is_reported) {
    ASSERT_TRUE(keys());
    fs::remove(path_ / "device-ca.key");
    EXPECT_THAT(why_not(), HasSubstr("device-ca.key is missing although"));
}

TEST_F(data_directory, a_truncated_key_is_reported_and_left_alone) {
    for (const auto* name : {"ca.key", "device-ca.key", "deployment-signing.key"}) {
        ASSERT_TRUE(keys());
        const auto whole = read_file(path_ / name).value();
        const auto half = whole.substr(0, whole.size() / 2);
        ASSERT_TRUE(write_file_atomically(path_ / name, half, 0600));
        EXPECT_THAT(why_not(), HasSubstr(name));
        EXPECT_EQ(read_file(path_ / name).value(), half);
        ASSERT_TRUE(write_file_atomically(path_ / name, whole, 0600));
    }
}

TEST_F(data_directory, a_truncated_certificate_is_reported) {
    ASSERT_TRUE(keys());
    ASSERT_TRUE(write_file_atomically(path_ / "ca.pem", "-----BEGIN CERTIFICATE-----\nMII"));
    EXPECT_THAT(why_not(), HasSubstr("ca.pem is no certificate"));
}

TEST_F(data_directory, a_certificate_of_another_key_is_reported) {
    ASSERT_TRUE(keys());
    fs::copy_file(path_ / "device-ca.pem", path_ / "ca.pem", fs::copy_options::overwrite_existing);
    EXPECT_THAT(why_not(), HasSubstr("ca.pem does not belong to"));
}

TEST_F(data_directory, a_file_in_its_place_is_reported) {
    ASSERT_TRUE(write_file_atomically(path_ / "file", "x"));
    const auto prepared = prepare_data_directory(path_ / "file");
    ASSERT_FALSE(prepared);
    EXPECT_THAT(prepared.error().message(), HasSubstr("is not a directory"));
}

TEST_F(data_directory, a_second_service_is_kept_away_and_told_by_whom) {
    auto first = std::make_unique<result<data_lock>>(data_lock::take(path_));
    ASSERT_TRUE(*first);
    const auto second = data_lock::take(path_);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(::getpid())));
    first.reset();
    EXPECT_TRUE(data_lock::take(path_));
}

TEST_F(data_directory, another_region_or_account_than_before_is_refused) {
    const auto state = store::open((path_ / "service.db").string()).value();
    service_identity identity;
    EXPECT_TRUE(check_identity(*state, identity));
    EXPECT_TRUE(check_identity(*state, identity));
    identity.region = "eu-west-1";
    const auto other = check_identity(*state, identity);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message(), HasSubstr("us-east-1/123456789012"));
}

}  // namespace
}  // namespace evergrass::cloud

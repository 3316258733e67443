#include "cloud/store/master_key.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdlib.h>
#include <sys/stat.h>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class master_key_file : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "evergrass-master-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        ASSERT_EQ(opened(), "open");
        key_ = read_file(directory_ / "master.key").value();
    }
    void TearDown() override { fs::remove_all(directory_); }

    std::string opened() {
        const auto state = store::open((directory_ / "service.db").string());
        return state ? "open" : state.error().message();
    }
    void write(const std::string& text) {
        ASSERT_TRUE(write_file_atomically(directory_ / "master.key", text, 0600));
    }

    fs::path directory_;
    std::string key_;
};

TEST_F(master_key_file, is_the_owners_alone_and_found_again) {
    struct stat info {};
    ASSERT_EQ(::stat((directory_ / "master.key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_EQ(opened(), "open");
    EXPECT_EQ(read_file(directory_ / "master.key").value(), key_);
}

TEST_F(master_key_file, a_missing_one_is_reported_and_not_made_anew) {
    fs::remove(directory_ / "master.key");
    EXPECT_THAT(opened(), HasSubstr("master.key is missing"));
    EXPECT_FALSE(fs::exists(directory_ / "master.key"));
    write(key_);
    EXPECT_EQ(opened(), "open");
}

TEST_F(master_key_file, a_truncated_one_is_reported_and_left_alone) {
    for (const auto size : {std::size_t{0}, std::size_t{10}, key_.size() - 2, key_.size() - 1}) {
        write(key_.substr(0, size));
        EXPECT_THAT(opened(), HasSubstr("is damaged")) << size;
        EXPECT_EQ(read_file(directory_ / "master.key").value(), key_.substr(0, size));
    }
}

TEST_F(master_key_file, another_ones_is_reported) {
    auto other = key_;
    other[30] = other[30] == '0' ? '1' : '0';
    write(other);
    EXPECT_THAT(opened(), HasSubstr("is not the one"));
}

TEST_F(master_key_file, one_that_others_may_read_is_refused) {
    ASSERT_EQ(::chmod((directory_ / "master.key").c_str(), 0640), 0);
    EXPECT_THAT(opened(), HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace evergrass::cloud

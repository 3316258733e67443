#include "edge/secrets/kept_secrets.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

class kept : public ::testing::Test {
protected:
    ~kept() override { std::filesystem::remove_all(directory_); }

    void keep(const std::string& package = "p1") {
        ASSERT_TRUE(secrets_.keep(key_, pki::wrapping::pkcs1, package, "hush"));
    }
    std::string bytes() const { return read_file(file_).value(); }

    std::filesystem::path directory_ = [] {
        std::string pattern = ::testing::TempDir() + "evergrass-kept-XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    std::filesystem::path file_ = directory_ / "secrets/deployed.sealed";
    pki::private_key key_ = pki::private_key::from_pem(pki::generate_rsa_key()).value();
    kept_secrets secrets_{file_};
};

TEST_F(kept, are_opened_again_and_nobody_else_reads_the_file) {
    keep();
    EXPECT_EQ(secrets_.open(key_, "p1").value(), "hush");
    EXPECT_EQ(bytes().find("hush"), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    ASSERT_EQ(::stat(file_.parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(kept, have_another_data_key_at_each_deployment) {
    keep();
    const auto first = bytes();
    keep();
    EXPECT_NE(first.substr(7, 256), bytes().substr(7, 256));
}

TEST_F(kept, damage_that_of_another_package_is_not_taken) {
    keep("p1");
    EXPECT_FALSE(secrets_.open(key_, "p2"));
}

TEST_F(kept, damage_cut_or_changed_is_not_taken) {
    keep();
    const auto whole = bytes();
    ASSERT_TRUE(write_file_atomically(file_, whole.substr(0, whole.size() / 2), 0600));
    EXPECT_FALSE(secrets_.open(key_, "p1"));
    ASSERT_TRUE(write_file_atomically(file_, whole.substr(0, whole.size() - 1) + "x", 0600));
    EXPECT_FALSE(secrets_.open(key_, "p1"));
    secrets_.drop();
    EXPECT_FALSE(secrets_.open(key_, "p1"));
}

}  // namespace
}  // namespace evergrass::edge

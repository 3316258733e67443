#include "apps/evergrass/adopt_model.hpp"

#include "apps/evergrass/object_client_testing.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class adopt_model_test : public ::testing::Test {
protected:
    adopt_model_test() {
        std::string pattern = ::testing::TempDir() + "evergrass-model-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        EXPECT_TRUE(write_file_atomically(folder_ / "net.bin", "weights"));
        model_ = {"net", folder_ / "net.bin", "models", "a b/net.zip"};
    }
    ~adopt_model_test() override {
        std::error_code failed;
        fs::remove_all(folder_, failed);
    }
    result<bool> put() {
        auto objects = s3_.client();
        return s3_.wait(put_adopted_model(objects, model_));
    }

    fs::path folder_;
    v1::model_source model_;
    testing::scripted_s3 s3_;
};

TEST_F(adopt_model_test, makes_the_bucket_and_the_object) {
    EXPECT_TRUE(put().value());
    EXPECT_THAT(s3_.asked, ElementsAre("HEAD /models/a%20b/net.zip", "HEAD /models", "PUT /models",
                                       "PUT /models/a%20b/net.zip"));
    EXPECT_EQ(s3_.bodies.back(), "weights");
}

TEST_F(adopt_model_test, an_object_that_is_there_stays) {
    s3_.answers["HeadObject"] = 200;
    EXPECT_FALSE(put().value());
    for (const int status : {403, 500}) {  // it may be there
        s3_.answers["HeadObject"] = status;
        EXPECT_FALSE(put());
    }
    EXPECT_THAT(s3_.asked, ::testing::Each("HEAD /models/a%20b/net.zip"));
}

TEST_F(adopt_model_test, an_object_that_cannot_be_put_is_an_error) {
    s3_.answers["PutObject"] = 507;
    EXPECT_FALSE(put());
}

TEST_F(adopt_model_test, a_folder_is_packed_as_the_key_says) {
    model_.source = folder_;
    EXPECT_TRUE(put().value());
    EXPECT_EQ(s3_.bodies.back().substr(0, 2), "PK");
    model_.key = "net.tar.gz";
    EXPECT_TRUE(put().value());
    EXPECT_EQ(s3_.bodies.back().substr(0, 2), "\x1f\x8b");
}

}  // namespace
}  // namespace evergrass::cli

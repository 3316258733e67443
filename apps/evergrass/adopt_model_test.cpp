#include "apps/evergrass/object_upload.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

// Answers as the service's S3 does.
class object_upload_test : public ::testing::Test {
protected:
    object_upload_test() {
        std::string pattern = ::testing::TempDir() + "evergrass-upload-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        EXPECT_TRUE(write_file_atomically(folder_ / "net.bin", "weights"));
        model_ = {"net", folder_ / "net.bin", "models", "a b/net.zip"};
    }
    ~object_upload_test() override {
        std::error_code failed;
        fs::remove_all(folder_, failed);
    }
    result<bool> upload(std::size_t part_bytes = 1000) {
        return object_upload(
                   model_,
                   [this](api_call c) -> result<http::response> {
                       asked_.push_back(c.method + " " + c.target);
                       bodies_.push_back(c.bytes);
                       http::response answer;
                       const auto scripted = answers_.find(c.operation);
                       answer.status = scripted != answers_.end() ? scripted->second : 200;
                       if (c.operation == "CreateMultipartUpload") {
                           answer.body = "<R><UploadId>u/1</UploadId></R>";
                       }
                       if (c.operation == "UploadPart") {
                           answer.headers.add("ETag", "\"e" + std::to_string(asked_.size()) + "\"");
                       }
                       return answer;
                   },
                   part_bytes)
            .run();
    }

    fs::path folder_;
    v1::model_source model_;
    std::map<std::string, int> answers_{{"GetObject", 404}};
    std::vector<std::string> asked_;
    std::vector<std::string> bodies_;
};

TEST_F(object_upload_test, makes_the_bucket_and_the_object) {
    EXPECT_TRUE(upload().value());
    EXPECT_THAT(asked_, ElementsAre("GET /models/a%20b/net.zip", "PUT /models",
                                    "PUT /models/a%20b/net.zip"));
    EXPECT_EQ(bodies_.back(), "weights");
}

TEST_F(object_upload_test, an_object_that_is_there_stays) {
    for (const int status : {200, 206, 416}) {
        answers_["GetObject"] = status;
        EXPECT_FALSE(upload().value());
    }
    EXPECT_EQ(asked_.size(), 3U);
    answers_["GetObject"] = 403;
    EXPECT_FALSE(upload());
}

TEST_F(object_upload_test, a_large_one_goes_in_parts) {
    EXPECT_TRUE(upload(3).value());
    const std::string at = "/models/a%20b/net.zip";
    ASSERT_THAT(asked_, ElementsAre("GET " + at, "PUT /models", "POST " + at + "?uploads",
                                    "PUT " + at + "?partNumber=1&uploadId=u%2F1",
                                    "PUT " + at + "?partNumber=2&uploadId=u%2F1",
                                    "PUT " + at + "?partNumber=3&uploadId=u%2F1",
                                    "POST " + at + "?uploadId=u%2F1"));
    EXPECT_EQ(bodies_[3] + "|" + bodies_[4] + "|" + bodies_[5], "wei|ght|s");
    EXPECT_THAT(bodies_[6],
                ::testing::HasSubstr("<Part><PartNumber>2</PartNumber><ETag>\"e5\"</ETag></Part>"));
}

TEST_F(object_upload_test, a_part_that_fails_is_an_error_and_nothing_is_completed) {
    answers_["UploadPart"] = 507;
    EXPECT_FALSE(upload(3));
    EXPECT_EQ(asked_.size(), 4U);
}

TEST_F(object_upload_test, a_folder_is_packed_as_the_key_says) {
    model_.source = folder_;
    EXPECT_TRUE(upload().value());
    EXPECT_EQ(bodies_.back().substr(0, 2), "PK");
    model_.key = "net.tar.gz";
    EXPECT_TRUE(upload().value());
    EXPECT_EQ(bodies_.back().substr(0, 2), "\x1f\x8b");
}

}  // namespace
}  // namespace evergrass::cli

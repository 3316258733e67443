#include "cloud/objects/s3_request.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud::objects {
namespace {

using ::testing::HasSubstr;

std::string code_of(const char* method, const char* path, const char* query = "") {
    const auto read = read_s3_request(method, path, query);
    return read ? std::string(to_string(read->what)) : read.error().code;
}

TEST(s3_request, method_and_path_say_what_it_is) {
    EXPECT_EQ(code_of("GET", "/"), "ListBuckets");
    EXPECT_EQ(code_of("PUT", "/bucket"), "CreateBucket");
    EXPECT_EQ(code_of("PUT", "/bucket/"), "CreateBucket");
    EXPECT_EQ(code_of("HEAD", "/bucket"), "HeadBucket");
    EXPECT_EQ(code_of("DELETE", "/bucket"), "DeleteBucket");
    EXPECT_EQ(code_of("GET", "/bucket", "list-type=2&prefix=a%2F&encoding-type=url"),
              "ListObjectsV2");
    EXPECT_EQ(code_of("PUT", "/bucket/a/b"), "PutObject");
    EXPECT_EQ(code_of("GET", "/bucket/a/b", "response-content-type=text%2Fplain"), "GetObject");
    EXPECT_EQ(code_of("HEAD", "/bucket/a"), "HeadObject");
    EXPECT_EQ(code_of("DELETE", "/bucket/a"), "DeleteObject");
}

TEST(s3_request, a_key_is_decoded_once_and_keeps_its_slashes) {
    const auto read = read_s3_request("GET", "/bucket//a%2Fb/%2525+%C3%A9/", "");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->bucket, "bucket");
    EXPECT_EQ(read->key, "/a/b/%25+\xc3\xa9/");
}

TEST(s3_request, what_cannot_be_a_name_is_refused) {
    EXPECT_EQ(code_of("GET", "/Bucket/a"), "InvalidBucketName");
    EXPECT_EQ(code_of("GET", "/ab/a"), "InvalidBucketName");
    EXPECT_EQ(code_of("GET", "//a"), "InvalidBucketName");
    EXPECT_EQ(code_of("GET", "/bucket/%"), "InvalidURI");
    EXPECT_EQ(code_of("GET", "/bucket/%ff"), "InvalidURI");
    EXPECT_EQ(code_of("GET", "/bucket/a%00b"), "InvalidURI");
    EXPECT_EQ(code_of("GET", ("/bucket/" + std::string(1025, 'a')).c_str()), "KeyTooLongError");
    EXPECT_EQ(code_of("GET", ("/bucket/" + std::string(1024, 'a')).c_str()), "GetObject");
    EXPECT_EQ(code_of("POST", "/bucket"), "MethodNotAllowed");
    EXPECT_EQ(code_of("PUT", "/"), "MethodNotAllowed");
}

TEST(s3_request, a_part_of_s3_that_is_not_here_is_named) {
    for (const auto* part : {"uploads", "policy", "versioning", "acl", "partNumber"}) {
        const auto read = read_s3_request("GET", "/bucket/a", part);
        ASSERT_FALSE(read) << part;
        EXPECT_EQ(read.error().status, 501);
        EXPECT_THAT(read.error().message, HasSubstr("'?" + std::string(part) + "'"));
    }
    EXPECT_EQ(code_of("POST", "/bucket/a", "uploads="), "CreateMultipartUpload");
    EXPECT_EQ(code_of("GET", "/bucket/a", "uploads="), "NotImplemented");
    EXPECT_EQ(code_of("PUT", "/bucket/a", "uploadId=x&partNumber=1"), "UploadPart");
    EXPECT_EQ(code_of("GET", "/bucket"), "ListObjects");
    EXPECT_EQ(code_of("GET", "/bucket", "list-type=1"), "NotImplemented");
    EXPECT_EQ(code_of("GET", "/bucket/a", "versionId=1"), "NotImplemented");
    EXPECT_EQ(code_of("GET", "/bucket/a", "versionId=null&X-Amz-Expires=1"), "GetObject");
}

}  // namespace
}  // namespace evergrass::cloud::objects

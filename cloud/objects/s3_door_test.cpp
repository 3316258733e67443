#include "cloud/objects/s3_door.hpp"

#include "cloud/gateway/gateway_fixture.hpp"
#include "cloud/gateway/session_credentials.hpp"
#include "cloud/objects/file_bodies.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace evergrass::cloud::objects {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class s3_door_test : public gateway_fixture {
protected:
    void SetUp() override {
        gateway_fixture::SetUp();
        auto bodies = std::make_unique<file_bodies>(directory_ + "/objects");
        files_ = bodies.get();
        objects_ = std::make_unique<object_store>(*state_, *clock_, std::move(bodies), logger());
        door_ = std::make_unique<s3_door>(*objects_, "123456789012", io_.get_executor(), logger());
    }
    http::response ask(std::string method, std::string target, std::string body = "",
                       std::vector<std::pair<std::string, std::string>> headers = {}) {
        auto asked = signed_request(std::move(method), std::move(target), "s3", std::move(body),
                                    std::move(headers));
        EXPECT_TRUE(s3_door::wants(asked));
        return door_->answer_now(asked);
    }
    http::response put(const std::string& key, const std::string& content) {
        return ask("PUT", "/bucket/" + key, content);
    }
    std::string content_of(const http::response& answer) {
        const auto content = read_file(answer.file_path);
        EXPECT_TRUE(content) << answer.status << " " << answer.body;
        return content ? *content : std::string();
    }
    std::filesystem::path file_of(const std::string& content) {
        return files_->path_of(sha256_hex(content));
    }
    void pass_ten_minutes() {
        clock_->now_ += std::chrono::minutes(11);
        put("another", "another");  // a write is when leftovers are swept
    }
    std::vector<std::string> listed(const std::string& query) {
        const auto answer = ask("GET", "/bucket?list-type=2" + query);
        EXPECT_EQ(answer.status, 200) << answer.body;
        std::vector<std::string> found;
        for (std::size_t at = 0; (at = answer.body.find("<Key>", at)) != std::string::npos;) {
            at += 5;
            found.push_back(answer.body.substr(at, answer.body.find('<', at) - at));
        }
        return found;
    }

    boost::asio::io_context io_;
    file_bodies* files_ = nullptr;  // objects_ has them
    std::unique_ptr<object_store> objects_;
    std::unique_ptr<s3_door> door_;
};

TEST_F(s3_door_test, an_object_comes_back_as_it_was_put) {
    EXPECT_EQ(ask("PUT", "/bucket").status, 200);
    const auto made = ask("PUT", "/bucket/a%20b", "content",
                          {{"Content-Type", "text/plain"}, {"x-amz-meta-Who", "me"}});
    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.headers.get("etag"), "\"9a0364b9e99bb480dd25e1f0284c8555\"");
    const auto got = ask("GET", "/bucket/a%20b");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(content_of(got), "content");
    EXPECT_EQ(got.headers.get("content-type"), "text/plain");
    EXPECT_EQ(got.headers.get("x-amz-meta-who"), "me");
    EXPECT_EQ(got.headers.get("etag"), made.headers.get("etag"));
    EXPECT_EQ(got.headers.get("last-modified"), "Mon, 23 Nov 2026 19:30:00 GMT");
}

TEST_F(s3_door_test, what_is_not_there_is_told_apart) {
    EXPECT_THAT(put("a", "b").body, HasSubstr("<Code>NoSuchBucket</Code>"));
    EXPECT_EQ(ask("HEAD", "/bucket").status, 404);
    ask("PUT", "/bucket");
    EXPECT_EQ(ask("HEAD", "/bucket").status, 200);
    const auto missing = ask("GET", "/bucket/a");
    EXPECT_EQ(missing.status, 404);
    EXPECT_THAT(missing.body, HasSubstr("<Code>NoSuchKey</Code>"));
    EXPECT_THAT(missing.body, HasSubstr("<Resource>/bucket/a</Resource>"));
    EXPECT_EQ(ask("DELETE", "/bucket/a").status, 204);
}

TEST_F(s3_door_test, a_bucket_with_objects_is_not_deleted) {
    ask("PUT", "/bucket");
    put("a", "b");
    EXPECT_THAT(ask("DELETE", "/bucket").body, HasSubstr("BucketNotEmpty"));
    EXPECT_EQ(ask("DELETE", "/bucket/a").status, 204);
    EXPECT_EQ(ask("DELETE", "/bucket").status, 204);
    EXPECT_EQ(ask("HEAD", "/bucket").status, 404);
}

TEST_F(s3_door_test, conditions_and_ranges_are_kept) {
    ask("PUT", "/bucket");
    const auto etag = std::string(*put("a", "content").headers.get("etag"));
    EXPECT_EQ(ask("GET", "/bucket/a", "", {{"If-None-Match", etag}}).status, 304);
    EXPECT_EQ(ask("GET", "/bucket/a", "", {{"If-Match", etag}}).status, 200);
    EXPECT_EQ(ask("GET", "/bucket/a", "", {{"If-Match", "\"other\""}}).status, 412);
    EXPECT_EQ(ask("GET", "/bucket/a", "", {{"Range", "bytes=0-1"}}).status, 200);
    const auto beyond = ask("GET", "/bucket/a", "", {{"Range", "bytes=7-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_THAT(beyond.body, HasSubstr("InvalidRange"));
}

TEST_F(s3_door_test, keys_are_listed_in_order_and_pages) {
    ask("PUT", "/bucket");
    for (const auto* key : {"b", "a/2", "a/1", "c", "a", "%C3%A9"}) {
        put(key, key);
    }
    EXPECT_THAT(listed(""), ::testing::ElementsAre("a", "a/1", "a/2", "b", "c", "\xc3\xa9"));
    EXPECT_THAT(listed("&prefix=a/"), ::testing::ElementsAre("a/1", "a/2"));
    EXPECT_THAT(listed("&start-after=a/2"), ::testing::ElementsAre("b", "c", "\xc3\xa9"));
    EXPECT_THAT(listed("&delimiter=/"), ::testing::ElementsAre("a", "b", "c", "\xc3\xa9"));
    const auto first = ask("GET", "/bucket?list-type=2&max-keys=2&delimiter=/").body;
    EXPECT_THAT(first, HasSubstr("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"));
    EXPECT_THAT(first, HasSubstr("<KeyCount>2</KeyCount>"));
    EXPECT_THAT(first, HasSubstr("<IsTruncated>true</IsTruncated>"));
    const auto begin = first.find("<NextContinuationToken>") + 23;
    const auto token = first.substr(begin, first.find('<', begin) - begin);
    EXPECT_THAT(listed("&delimiter=/&continuation-token=" + token),
                ::testing::ElementsAre("b", "c", "\xc3\xa9"));
    EXPECT_THAT(ask("GET", "/bucket?list-type=2&max-keys=6").body,
                HasSubstr("<IsTruncated>false</IsTruncated>"));
    EXPECT_THAT(ask("GET", "/bucket?list-type=2&max-keys=x").body, HasSubstr("max-keys"));
    EXPECT_THAT(ask("GET", "/bucket?list-type=2&continuation-token=x").body,
                HasSubstr("continuation token"));
}

TEST_F(s3_door_test, a_file_goes_a_while_after_the_last_object_that_has_it) {
    ask("PUT", "/bucket");
    put("a", "same");
    put("b", "same");
    put("a", "new");
    pass_ten_minutes();
    EXPECT_TRUE(std::filesystem::exists(file_of("same")));
    ask("DELETE", "/bucket/b");
    EXPECT_TRUE(std::filesystem::exists(file_of("same"))) << "somebody may be reading it";
    pass_ten_minutes();
    EXPECT_FALSE(std::filesystem::exists(file_of("same")));
    EXPECT_TRUE(std::filesystem::exists(file_of("new")));
    EXPECT_EQ(content_of(ask("GET", "/bucket/a")), "new");
}

TEST_F(s3_door_test, parts_stay_as_long_as_their_upload_and_go_a_while_after_it_is_aborted) {
    ask("PUT", "/bucket");
    const auto begun = ask("POST", "/bucket/large?uploads=").body;
    const auto begin = begun.find("<UploadId>") + 10;
    const auto id = begun.substr(begin, begun.find('<', begin) - begin);
    const auto part = "/bucket/large?partNumber=1&uploadId=" + id;
    ASSERT_EQ(ask("PUT", part, "a part").status, 200);
    pass_ten_minutes();
    EXPECT_TRUE(std::filesystem::exists(file_of("a part")));
    EXPECT_EQ(ask("DELETE", "/bucket/large?uploadId=" + id).status, 204);
    EXPECT_THAT(ask("PUT", part, "a part").body, HasSubstr("NoSuchUpload"));
    pass_ten_minutes();
    EXPECT_FALSE(std::filesystem::exists(file_of("a part"))) << "it fills the disk for ever";
}

TEST_F(s3_door_test, a_claim_that_a_power_cut_left_takes_no_file_of_an_object) {
    ask("PUT", "/bucket");
    put("a", "content");
    ASSERT_TRUE(state_->db().run("claim", "INSERT INTO object_leftovers VALUES(?1, 1)",
                                 {sha256_hex("content")}));
    pass_ten_minutes();
    EXPECT_EQ(content_of(ask("GET", "/bucket/a")), "content");
}

TEST_F(s3_door_test, damage_a_missing_file_is_an_error_until_the_object_is_put_again) {
    ask("PUT", "/bucket");
    put("a", "content");
    std::filesystem::remove(file_of("content"));
    const auto broken = ask("GET", "/bucket/a");
    EXPECT_EQ(broken.status, 500);
    EXPECT_THAT(broken.body, HasSubstr("<Code>InternalError</Code>"));
    put("a", "content");
    EXPECT_EQ(content_of(ask("GET", "/bucket/a")), "content");
}

TEST_F(s3_door_test, damage_a_file_cut_short_is_an_error) {
    ask("PUT", "/bucket");
    put("a", "content");
    std::filesystem::resize_file(file_of("content"), 3);
    EXPECT_EQ(ask("GET", "/bucket/a").status, 500);
}

TEST_F(s3_door_test, damage_a_file_with_other_bytes_is_found_when_it_is_read_and_mended_by_a_put) {
    ask("PUT", "/bucket");
    put("a", "content");
    ASSERT_TRUE(write_file_atomically(file_of("content"), "c0ntent"));
    const auto read = objects_->read(sha256_hex("content"), 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, errc::corrupt);
    put("a", "content");
    EXPECT_EQ(objects_->read(sha256_hex("content"), 100).value(), "content");
}

TEST_F(s3_door_test, signatures_are_checked_and_refused_in_s3s_words) {
    auto asked = signed_request("GET", "/", "s3");
    asked.target = "/bucket";
    const auto changed = door_->answer_now(asked);
    EXPECT_EQ(changed.status, 403);
    EXPECT_THAT(changed.body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
    http::request old;
    old.method = "GET";
    old.target = "/bucket/a?AWSAccessKeyId=A&Signature=b&Expires=1";
    EXPECT_TRUE(s3_door::wants(old));
    EXPECT_THAT(door_->answer_now(old).body, HasSubstr("s3v4"));
    EXPECT_FALSE(s3_door::wants(signed_request("GET", "/greengrass/groups", "greengrass")));
}

TEST_F(s3_door_test, credentials_of_a_role_read_and_no_more) {
    ask("PUT", "/bucket");
    put("a", "content");
    const auto made = create_session(*state_, {"arn:aws:iam::123456789012:role/r", "core",
                                               clock_->now() + std::chrono::hours(1)});
    ASSERT_TRUE(made);
    key_ = made->key;
    const std::vector<std::pair<std::string, std::string>> token{
        {"x-amz-security-token", made->token}};
    EXPECT_EQ(content_of(ask("GET", "/bucket/a", "", token)), "content");
    EXPECT_EQ(ask("HEAD", "/bucket/a", "", token).status, 200);
    const auto refused = ask("PUT", "/bucket/a", "other", token);
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("not authorized to perform: s3:PutObject"));
    EXPECT_EQ(ask("DELETE", "/bucket/a", "", token).status, 403);
}

TEST_F(s3_door_test, each_role_may_what_it_may_and_each_change_is_recorded) {
    ask("PUT", "/bucket");
    key_ = *create_access_key(*state_, clock_->now(), {access_role::operate, ""});
    EXPECT_EQ(put("a", "content").status, 200);
    EXPECT_EQ(ask("PUT", "/other").status, 403);
    key_ = *create_access_key(*state_, clock_->now(), {access_role::read_only, ""});
    EXPECT_EQ(content_of(ask("GET", "/bucket/a")), "content");
    const auto refused = ask("DELETE", "/bucket/a");
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("<Code>AccessDenied</Code>"));
    EXPECT_TRUE(refused.headers.get("x-amzn-requestid"));
    std::string entries;
    for (const auto& each : state_->audit().list({}).value()) {
        entries += each.operation + " " + each.target + " " + std::to_string(each.status) + ";";
    }
    EXPECT_EQ(entries,
              "s3:CreateBucket bucket 200;s3:PutObject bucket/a 200;"
              "s3:CreateBucket other 403;s3:DeleteObject bucket/a 403;");
}

TEST_F(s3_door_test, names_are_escaped_in_answers) {
    ask("PUT", "/bucket");
    put("%3Ca%26%3E%01", "x");
    const auto plain = ask("GET", "/bucket?list-type=2").body;
    EXPECT_THAT(plain, HasSubstr("<Key>&lt;a&amp;&gt;\xef\xbf\xbd</Key>"));
    EXPECT_THAT(ask("GET", "/bucket?list-type=2&encoding-type=url").body,
                HasSubstr("<Key>%3Ca%26%3E%01</Key>"));
}

}  // namespace
}  // namespace evergrass::cloud::objects

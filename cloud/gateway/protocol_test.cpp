#include "cloud/gateway/protocol.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;

class query_protocol : public ::testing::Test {
protected:
    std::vector<violation> read(std::string_view service, std::string form) {
        http::request asked;
        asked.method = "POST";
        asked.body = std::move(form);
        const auto& model = *catalog_.find(service);
        operation_ = named_operation(model, protocol::query, asked);
        EXPECT_NE(operation_, nullptr);
        into_ = {};
        return read_query_input(model, *operation_, asked, into_);
    }
    model_catalog catalog_;
    const modelled_operation* operation_ = nullptr;
    call_input into_;
};

TEST_F(query_protocol, a_form_becomes_members_lists_and_numbers) {
    const auto wrong = read("iam",
                            "Action=CreateRole&Version=2010-05-08&RoleName=r&Description=two+words"
                            "&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=7200"
                            "&Tags.member.2.Key=b&Tags.member.2.Value=2"
                            "&Tags.member.1.Key=a&Tags.member.1.Value=1");
    ASSERT_TRUE(wrong.empty()) << wrong.front().rule;
    EXPECT_EQ(json::serialize(into_.members.at("Tags")),
              R"([{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}])");
    EXPECT_EQ(into_.members.at("MaxSessionDuration"), 7200);
    EXPECT_EQ(into_.members.at("Description"), "two words");
}

TEST_F(query_protocol, what_is_missing_or_out_of_range_is_named) {
    EXPECT_EQ(read("iam", "Action=CreateRole&RoleName=r").front().path, "AssumeRolePolicyDocument");
    EXPECT_EQ(read("sts",
                   "Action=AssumeRole&RoleArn=arn:aws:iam::1:role/r&RoleSessionName=me"
                   "&DurationSeconds=1")
                  .front()
                  .path,
              "DurationSeconds");
    EXPECT_FALSE(read("iam", "Action=GetRole&RoleName=%FF").empty());
}

TEST_F(query_protocol, names_without_end_build_nothing) {
    std::string deep = "Action=GetRole&RoleName=r&";
    for (int i = 0; i < 1000; ++i) {
        deep += "a.";
    }
    EXPECT_TRUE(read("iam", deep + "=1").empty());
    std::string many = "Action=GetRole&RoleName=r";
    for (int i = 0; i < 5000; ++i) {
        many += "&x=1";
    }
    EXPECT_FALSE(read("iam", many).empty());
}

TEST_F(query_protocol, answers_and_errors_are_xml) {
    ASSERT_TRUE(read("iam", "Action=GetRole&RoleName=r").empty());
    const json::object output{
        {"Role",
         {{"RoleName", "a<b>"},
          {"CreateDate", 1600000000},
          {"unknown", 1},
          {"Tags", json::array{json::object{{"Key", "k"}, {"Value", "v"}}}}}}};
    const auto shaped =
        shape_query_reply("iam", *catalog_.find("iam"), *operation_, output, "id-1");
    EXPECT_EQ(shaped.body,
              "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult>"
              "<Role><CreateDate>2020-09-13T12:26:40.000Z</CreateDate>"
              "<RoleName>a&lt;b&gt;</RoleName><Tags><member><Key>k</Key><Value>v</Value></member>"
              "</Tags></Role></GetRoleResult><ResponseMetadata><RequestId>id-1</RequestId>"
              "</ResponseMetadata></GetRoleResponse>");
    const auto refused = shape_query_error({404, "NoSuchEntity", "No & none."}, "id-2");
    EXPECT_EQ(refused.status, 404);
    EXPECT_THAT(refused.body, HasSubstr("<Type>Sender</Type><Code>NoSuchEntity</Code><Message>No "
                                        "&amp; none.</Message>"));
}

TEST(json_protocol, the_target_names_the_operation) {
    const model_catalog catalog;
    http::request asked;
    asked.method = "POST";
    asked.headers.add("X-Amz-Target", "Logs_20140328.PutLogEvents");
    EXPECT_EQ(named_operation(*catalog.find("logs"), protocol::json, asked)->name, "PutLogEvents");
    asked.headers.set("x-amz-target", "Logs_20140328.NoSuch");
    EXPECT_EQ(named_operation(*catalog.find("logs"), protocol::json, asked), nullptr);
    asked.method = "GET";
    EXPECT_EQ(named_operation(*catalog.find("logs"), protocol::json, asked), nullptr);
}

}  // namespace
}  // namespace evergrass::cloud

#include "cloud/gateway/output.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

class output : public ::testing::Test {
protected:
    shaped_reply shape(std::string_view service, std::string_view operation, reply answered) {
        const auto& model = *catalog_.find(service);
        return shape_reply(model, *model.find(operation), std::move(answered));
    }
    model_catalog catalog_;
};

TEST_F(output, members_go_to_the_body_under_their_wire_names) {
    const auto shaped = shape("greengrass", "GetGroup", {{{"Id", "1"}, {"tags", {{"a", "b"}}}}});
    EXPECT_EQ(shaped.response.status, 200);
    EXPECT_EQ(shaped.response.body, R"({"Id":"1","tags":{"a":"b"}})");
    EXPECT_THAT(shaped.response.headers.get("content-type"),
                Optional(std::string_view("application/json")));
    EXPECT_THAT(shaped.unknown, ElementsAre());
}

TEST_F(output, an_empty_answer_is_an_empty_object) {
    EXPECT_EQ(shape("greengrass", "DeleteGroup", {}).response.body, "{}");
    EXPECT_EQ(shape("iot", "AttachPolicy", {}).response.body, "{}");
}

TEST_F(output, the_models_status_holds_unless_the_operation_has_its_own) {
    EXPECT_EQ(shape("lambda", "CreateFunction", {}).response.status, 201);
    EXPECT_EQ(shape("greengrass", "CreateGroup", {{}, 201}).response.status, 201);
    const auto deleted = shape("lambda", "DeleteFunction", {});
    EXPECT_EQ(deleted.response.status, 204);
    EXPECT_EQ(deleted.response.body, "");
}

TEST_F(output, headers_status_and_raw_payload_go_to_their_places) {
    const auto shaped = shape("lambda", "Invoke",
                              {{{"StatusCode", 202}, {"FunctionError", "Unhandled"}}, 200, "{}"});
    EXPECT_EQ(shaped.response.status, 202);
    EXPECT_THAT(shaped.response.headers.get("X-Amz-Function-Error"),
                Optional(std::string_view("Unhandled")));
    EXPECT_EQ(shaped.response.body, "{}");
}

TEST_F(output, members_that_are_null_or_unknown_are_left_out_at_every_depth) {
    const auto shaped = shape("greengrass", "ListGroups",
                              {{{"Groups", {{{"Id", "1"}, {"Name", nullptr}, {"Colour", "red"}}}},
                                {"NextToken", nullptr}}});
    EXPECT_EQ(shaped.response.body, R"({"Groups":[{"Id":"1"}]})");
    EXPECT_THAT(shaped.unknown, ElementsAre("Groups[].Colour"));
}

TEST_F(output, a_body_that_the_operation_wrote_itself_goes_out_as_it_is) {
    reply written;
    written.payload = R"({"Groups":[]})";
    const auto shaped = shape("greengrass", "ListGroups", std::move(written));
    EXPECT_EQ(shaped.response.status, 200);
    EXPECT_EQ(shaped.response.body, R"({"Groups":[]})");
    EXPECT_THAT(shaped.response.headers.get("content-type"),
                Optional(std::string_view("application/json")));
}

TEST(shape_error, the_code_is_in_a_header_and_the_message_in_both_spellings) {
    const auto response =
        shape_error({404, "IdNotFoundException", "That group does not exist.", {{"x", 1}}});
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.headers.get("x-amzn-errortype"),
                Optional(std::string_view("IdNotFoundException")));
    EXPECT_EQ(response.body,
              R"({"message":"That group does not exist.","Message":"That group does not exist.",)"
              R"("__type":"IdNotFoundException","x":1})");
}

TEST(shape_error, a_bare_error_has_no_type) {
    const auto response = shape_error({404, "", "No role."});
    EXPECT_EQ(response.headers.get("x-amzn-ErrorType"), std::nullopt);
    EXPECT_EQ(response.body, R"({"message":"No role.","Message":"No role."})");
}

}  // namespace
}  // namespace evergrass::cloud

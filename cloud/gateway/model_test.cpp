#include "cloud/gateway/model.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(model_catalog, each_service_has_all_its_operations) {
    const model_catalog catalog;
    EXPECT_EQ(catalog.find("greengrass")->operations().size(), 92u);
    EXPECT_EQ(catalog.find("iot")->operations().size(), 238u);
    EXPECT_EQ(catalog.find("iot-data")->operations().size(), 7u);
    EXPECT_EQ(catalog.find("lambda")->operations().size(), 63u);
    EXPECT_EQ(catalog.find("secretsmanager")->operations().size(), 22u);
    EXPECT_EQ(catalog.find("logs")->operations().size(), 48u);
    EXPECT_EQ(catalog.find("iam")->operations().size(), 158u);
    EXPECT_EQ(catalog.find("sts")->operations().size(), 8u);
    EXPECT_EQ(catalog.find("s3"), nullptr);
}

TEST(model_catalog, a_model_is_read_once) {
    const model_catalog catalog;
    EXPECT_EQ(catalog.find("lambda"), catalog.find("lambda"));
}

TEST(model_catalog, every_pattern_of_every_model_compiles) {
    const model_catalog catalog;
    for (const auto service : model_catalog::services()) {
        for (const auto& shape : catalog.find(service)->shapes()) {
            if (!shape.expression.empty()) {
                const auto compiled = pattern::compile(shape.expression);
                EXPECT_TRUE(compiled) << shape.name << ": " << compiled.error().message();
            }
        }
    }
}

TEST(service_model, an_operation_knows_its_members_and_their_places) {
    const model_catalog catalog;
    const auto& iot = *catalog.find("iot");
    const auto* attach = iot.find("AttachThingPrincipal");
    ASSERT_NE(attach, nullptr);
    EXPECT_EQ(attach->method, "PUT");
    EXPECT_EQ(attach->uri, "/things/{thingName}/principals");
    const auto& input = iot.at(*attach->input);
    ASSERT_EQ(input.members.size(), 2u);
    EXPECT_EQ(input.members[0].name, "principal");
    EXPECT_EQ(input.members[0].wire_name, "x-amzn-principal");
    EXPECT_EQ(input.members[0].where, place::header);
    EXPECT_TRUE(input.members[0].required);
    const auto& name = iot.at(input.members[1].shape);
    EXPECT_EQ(name.expression, "[a-zA-Z0-9:_-]+");
    EXPECT_EQ(name.least, 1);
    EXPECT_EQ(name.most, 128);
    EXPECT_TRUE(iot.matches(name, "Thing_1:2-3"));
    EXPECT_FALSE(iot.matches(name, "Thing 1"));
    EXPECT_FALSE(iot.matches(name, "Thing\n"));
}

TEST(service_model, payloads_enumerations_and_statuses_are_read) {
    const model_catalog catalog;
    const auto& lambda = *catalog.find("lambda");
    EXPECT_EQ(lambda.find("CreateFunction")->status, 201);
    const auto& invoked = lambda.at(*lambda.find("Invoke")->output);
    ASSERT_NE(invoked.payload, nullptr);
    EXPECT_EQ(invoked.payload->name, "Payload");
    const auto& greengrass = *catalog.find("greengrass");
    for (const auto& shape : greengrass.shapes()) {
        if (shape.name == "Permission") {
            EXPECT_THAT(shape.choices, ElementsAre("ro", "rw"));
        }
    }
    EXPECT_EQ(greengrass.find("NoSuchOperation"), nullptr);
}

TEST(service_model, a_flawed_model_is_an_error_that_names_the_place) {
    const auto message = [](std::string_view text) {
        const auto parsed = service_model::parse(text);
        return parsed ? std::string() : parsed.error().message();
    };
    EXPECT_THAT(message("{"), HasSubstr("not valid JSON"));
    EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(message("{}"), HasSubstr("operations or shapes"));
    EXPECT_THAT(message(R"({"operations":{},"shapes":{"A":{"type":"tuple"}}})"),
                HasSubstr("shape A"));
    EXPECT_THAT(message(R"({"operations":{},"shapes":{"A":{"type":"list","member":"B"}}})"),
                HasSubstr("shape A"));
    EXPECT_THAT(message(R"({"operations":{"Do":{"method":"GET","uri":"/","input":"A"}},
                            "shapes":{}})"),
                HasSubstr("operation Do"));
}

TEST(pattern, a_text_that_would_take_forever_does_not_match) {
    const auto slow = pattern::compile("(a+)+b");
    ASSERT_TRUE(slow);
    EXPECT_FALSE(slow->matches(std::string(10'000, 'a')));
    const auto deep = pattern::compile(R"((.|\n)*)");
    ASSERT_TRUE(deep);
    EXPECT_TRUE(deep->matches(std::string(1'000, 'a')));
}

TEST(pattern, look_behind_and_unicode_classes_work) {
    EXPECT_FALSE(pattern::compile(R"(^[0-9A-Za-z\.\-_]*(?<!\.)$)")->matches("queue."));
    EXPECT_TRUE(pattern::compile(R"(^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$)")->matches("Zürich 8"));
    EXPECT_FALSE(pattern::compile(R"([^\p{C}]*)")->matches("a\x01"));
}

}  // namespace
}  // namespace evergrass::cloud

#include "cloud/iot/registry_fixture.hpp"

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;

class iot_thing_types : public iot_registry {
protected:
    static json::object with(json::object properties) {
        return {{"thingTypeName", "pump"}, {"thingTypeProperties", std::move(properties)}};
    }
    json::object shown() { return ok("DescribeThingType", {{"thingTypeName", "pump"}}); }
};

TEST_F(iot_thing_types, are_made_once_and_shown) {
    const auto input = with({{"searchableAttributes", {"a", "b"}}});
    const auto made = ok("CreateThingType", input);
    EXPECT_EQ(made.at("thingTypeArn").as_string(),
              "arn:aws:iot:us-east-1:123456789012:thingtype/pump");
    EXPECT_EQ(ok("CreateThingType", input), made);
    EXPECT_EQ(code("CreateThingType", with({})), "ResourceAlreadyExistsException");
    EXPECT_EQ(code("CreateThingType",
                   {{"thingTypeName", "x"},
                    {"thingTypeProperties", {{"searchableAttributes", {"a", "b", "c", "d"}}}}}),
              "InvalidRequestException");
    EXPECT_EQ(shown().at("thingTypeProperties"), input.at("thingTypeProperties"));
    EXPECT_FALSE(shown().at("thingTypeMetadata").at("deprecated").as_bool());
    ok("CreateThingType", {{"thingTypeName", "valve"}});
    EXPECT_EQ(ok("ListThingTypes", {}).at("thingTypes").as_array().size(), 2u);
    EXPECT_EQ(ok("ListThingTypes", {{"thingTypeName", "pump"}}).at("thingTypes").as_array().size(),
              1u);
}

TEST_F(iot_thing_types, are_there_before_things_have_them) {
    EXPECT_EQ(code("CreateThing", {{"thingName", "t"}, {"thingTypeName", "pump"}}),
              "ResourceNotFoundException");
    ok("CreateThingType", with({}));
    ok("CreateThing", {{"thingName", "t"}, {"thingTypeName", "pump"}});
    ok("CreateThing", {{"thingName", "u"}});
    EXPECT_EQ(code("UpdateThing", {{"thingName", "u"}, {"thingTypeName", "valve"}}),
              "ResourceNotFoundException");
    ok("DeprecateThingType", {{"thingTypeName", "pump"}});
    EXPECT_EQ(code("UpdateThing", {{"thingName", "u"}, {"thingTypeName", "pump"}}),
              "InvalidRequestException");
    ok("UpdateThing", {{"thingName", "t"}, {"thingTypeName", "pump"}});  // it has it already
    ok("DeprecateThingType", {{"thingTypeName", "pump"}, {"undoDeprecate", true}});
    ok("UpdateThing", {{"thingName", "u"}, {"thingTypeName", "pump"}});
}

TEST_F(iot_thing_types, are_deleted_five_minutes_after_they_were_deprecated_and_when_unused) {
    ok("CreateThingType", with({}));
    ok("CreateThing", {{"thingName", "t"}, {"thingTypeName", "pump"}});
    const json::object named = {{"thingTypeName", "pump"}};
    EXPECT_EQ(code("DeleteThingType", named), "InvalidRequestException");
    ok("DeprecateThingType", named);
    const auto since = shown().at("thingTypeMetadata").at("deprecationDate");
    clock_.ahead = 290s;
    ok("DeprecateThingType", named);
    EXPECT_EQ(shown().at("thingTypeMetadata").at("deprecationDate"), since);
    EXPECT_EQ(code("DeleteThingType", named), "InvalidRequestException");
    clock_.ahead = 301s;
    EXPECT_EQ(code("DeleteThingType", named), "InvalidRequestException") << "a thing has it";
    ok("UpdateThing", {{"thingName", "t"}, {"removeThingType", true}});
    ok("DeleteThingType", named);
    EXPECT_EQ(code("DeleteThingType", named), "ResourceNotFoundException");
}

class iot_tags : public iot_registry {
protected:
    json::array tags_of(const std::string& arn) {
        return ok("ListTagsForResource", {{"resourceArn", arn}}).at("tags").as_array();
    }
    static json::object tag(std::string_view key, std::string_view value = "") {
        return {{"Key", key}, {"Value", value}};
    }
};

TEST_F(iot_tags, are_set_when_something_is_made_and_later_and_go_with_it) {
    ok("CreateThingGroup", {{"thingGroupName", "g"}, {"tags", {tag("a", "1")}}});
    const std::string arn = "arn:aws:iot:us-east-1:123456789012:thinggroup/g";
    EXPECT_EQ(tags_of(arn), (json::array{tag("a", "1")}));
    ok("TagResource", {{"resourceArn", arn}, {"tags", {tag("a", "2"), tag("b")}}});
    EXPECT_EQ(tags_of(arn), (json::array{tag("a", "2"), tag("b")}));
    ok("UntagResource", {{"resourceArn", arn}, {"tagKeys", {"a", "none"}}});
    EXPECT_EQ(tags_of(arn), (json::array{tag("b")}));
    ok("DeleteThingGroup", {{"thingGroupName", "g"}});
    EXPECT_EQ(code("ListTagsForResource", {{"resourceArn", arn}}), "ResourceNotFoundException");
    ok("CreateThingGroup", {{"thingGroupName", "g"}});
    EXPECT_TRUE(tags_of(arn).empty());
}

TEST_F(iot_tags, are_fifty_at_most_and_none_is_of_aws) {
    ok("CreateThingType", {{"thingTypeName", "t"}});
    const std::string arn = "arn:aws:iot:us-east-1:123456789012:thingtype/t";
    json::array many;
    for (int i = 0; i < 50; ++i) {
        many.push_back(tag(std::to_string(i)));
    }
    ok("TagResource", {{"resourceArn", arn}, {"tags", many}});
    EXPECT_EQ(code("TagResource", {{"resourceArn", arn}, {"tags", {tag("one more")}}}),
              "LimitExceededException");
    EXPECT_EQ(tags_of(arn).size(), 50u);
    EXPECT_EQ(code("TagResource", {{"resourceArn", arn}, {"tags", {tag("aws:x")}}}),
              "InvalidRequestException");
}

TEST_F(iot_tags, are_of_what_has_tags) {
    ok("CreateThing", {{"thingName", "t"}});
    for (const auto* arn :
         {"arn:aws:iot:us-east-1:123456789012:thing/t", "arn:aws:iot:eu-west-1:123456789012:job/j",
          "arn:aws:s3:::bucket", "x"}) {
        EXPECT_EQ(code("TagResource", {{"resourceArn", arn}, {"tags", {tag("a")}}}),
                  "InvalidRequestException")
            << arn;
    }
    EXPECT_EQ(code("TagResource", {{"resourceArn", "arn:aws:iot:us-east-1:123456789012:policy/p"},
                                   {"tags", {tag("a")}}}),
              "ResourceNotFoundException");
}

}  // namespace
}  // namespace evergrass::cloud

#include "cloud/greengrass/greengrass_fixture.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud {
namespace {

using ::testing::HasSubstr;

class things : public greengrass_fixture {
protected:
    std::string telemetry_of(const std::string& thing) {
        const auto got = output_of("GetThingRuntimeConfiguration", {{"ThingName", thing}});
        return text(got.at("RuntimeConfiguration").at("TelemetryConfiguration").as_object(),
                    "Telemetry");
    }
    json::object update() {
        json::array targets;
        targets.emplace_back(thing_arn("core"));
        return {{"S3UrlSignerRole", "arn:aws:iam::123456789012:role/signer"},
                {"UpdateTargets", std::move(targets)},
                {"UpdateTargetsArchitecture", "x86_64"},
                {"UpdateTargetsOperatingSystem", "ubuntu"},
                {"SoftwareToUpdate", "core"}};
    }
};

TEST_F(things, telemetry_is_on_until_it_is_switched_off) {
    EXPECT_EQ(telemetry_of("core"), "On");
    output_of(
        "UpdateThingRuntimeConfiguration",
        {{"ThingName", "core"}, {"TelemetryConfiguration", json::object{{"Telemetry", "Off"}}}});
    EXPECT_EQ(telemetry_of("core"), "Off");
    EXPECT_EQ(telemetry_of("other"), "On");
    output_of(
        "UpdateThingRuntimeConfiguration",
        {{"ThingName", "core"}, {"TelemetryConfiguration", json::object{{"Telemetry", "On"}}}});
    EXPECT_EQ(telemetry_of("core"), "On");
}

TEST_F(things, an_update_without_telemetry_changes_nothing_and_is_refused) {
    EXPECT_REFUSED(run("UpdateThingRuntimeConfiguration", {{"ThingName", "core"}}), 400,
                   "InvalidInputException",
                   "Your request is missing the following required parameter(s): "
                   "{TelemetryConfiguration.Telemetry}.");
}

TEST_F(things, a_software_update_is_refused_for_what_it_lacks_first) {
    struct {
        const char* member;
        json::value value;
        const char* fault;
    } const cases[] = {
        {"S3UrlSignerRole", "signer", "S3UrlSignerRole 'signer' is not the ARN of a role"},
        {"UpdateTargets", json::array(), "UpdateTargets must name one thing"},
        {"UpdateTargets", {"core"}, "UpdateTargets: 'core' is not the ARN of a thing"},
        {"UpdateTargets",
         {"arn:aws:iot:us-east-1:999999999999:thing/core"},
         "of account 123456789012 and region us-east-1"},
        {"UpdateTargetsArchitecture", "armv6l",
         "UpdateTargetsOperatingSystem 'ubuntu' with UpdateTargetsArchitecture 'armv6l'"},
    };
    for (const auto& [member, value, fault] : cases) {
        auto input = update();
        input[member] = value;
        const auto refused = run("CreateSoftwareUpdateJob", std::move(input));
        ASSERT_FALSE(refused) << member;
        EXPECT_EQ(refused.error().status, 400);
        EXPECT_EQ(refused.error().code, "BadRequestException");
        EXPECT_THAT(refused.error().message, HasSubstr(fault));
    }
}

TEST_F(things, a_good_software_update_is_refused_where_there_are_no_packages) {
    const auto refused = run("CreateSoftwareUpdateJob", update());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 501);
    EXPECT_THAT(refused.error().message, HasSubstr("--software-updates"));
}

}  // namespace
}  // namespace evergrass::cloud

#include "cloud/greengrass/software_updates.hpp"

#include <gmock/gmock.h>

namespace evergrass::cloud::greengrass {
namespace {

using ::testing::HasSubstr;

std::string fault(std::string_view list) {
    const auto found = find_package(list, "core", "ubuntu", "x86_64");
    return found ? "" : found.error().context;
}

TEST(software_updates, a_package_is_found_by_software_and_platform) {
    const auto found = find_package(
        R"({"core":{"version":"2.0","packages":{"ubuntu/x86_64":"s3://updates/core.tar.gz"}},"x":1})",
        "core", "ubuntu", "x86_64");
    ASSERT_TRUE(found) << found.error().context;
    EXPECT_EQ(found->version, "2.0");
    EXPECT_EQ(found->uri, "s3://updates/core.tar.gz");
}

TEST(software_updates, what_the_list_lacks_is_named) {
    EXPECT_THAT(fault("{"), HasSubstr("JSON"));
    EXPECT_THAT(fault("[]"), HasSubstr("JSON object"));
    EXPECT_THAT(fault("{}"), HasSubstr("'core'"));
    EXPECT_THAT(fault(R"({"core":{"version":"1"}})"), HasSubstr("packages"));
    EXPECT_THAT(fault(R"({"core":{"packages":{}}})"), HasSubstr("version"));
    EXPECT_THAT(fault(R"({"core":{"version":"1","packages":{"ubuntu/aarch64":"s3://updates/k"}}})"),
                HasSubstr("'ubuntu/x86_64'"));
    EXPECT_THAT(fault(R"({"core":{"version":"1","packages":{"ubuntu/x86_64":"/tmp/k"}}})"),
                HasSubstr("s3://BUCKET/KEY"));
}

}  // namespace
}  // namespace evergrass::cloud::greengrass

#include "cloud/greengrass/device_path.hpp"

#include <gtest/gtest.h>

namespace evergrass::cloud::greengrass {
namespace {

TEST(device_path, parts_are_decoded) {
    const auto found = parse_device_path("GET", "/greengrass/discover/thing/a%3Ab");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->route, device_route::discover);
    EXPECT_EQ(found->thing, "a:b");
}

TEST(device_path, each_request_of_the_protocol_has_its_route) {
    const auto route = [](std::string_view method, std::string_view path) {
        const auto found = parse_device_path(method, path);
        return found ? std::optional(found->route) : std::nullopt;
    };
    EXPECT_EQ(route("GET", "/evergrass/v1/cores/c/deployment"), device_route::deployment);
    EXPECT_EQ(route("GET", "/evergrass/v1/cores/c/artifacts/abc"), device_route::artifact);
    EXPECT_EQ(route("PUT", "/evergrass/v1/cores/c/deployments/d/status"),
              device_route::deployment_status);
    EXPECT_EQ(route("POST", "/evergrass/v1/cores/c/server-certificate"),
              device_route::server_certificate);
    EXPECT_EQ(route("POST", "/evergrass/v1/cores/c/local-authority"),
              device_route::local_authority);
    EXPECT_EQ(route("PUT", "/evergrass/v1/cores/c/connectivity"), device_route::connectivity);
    EXPECT_EQ(route("GET", "/evergrass/v1/cores/c/credentials"), device_route::credentials);
    EXPECT_EQ(route("GET", "/evergrass/v1/cores/c/secrets"), device_route::secrets);
    EXPECT_EQ(route("GET", "/evergrass/v1/cores/c/denied-certificates"),
              device_route::denied_certificates);
    EXPECT_EQ(route("GET", "/evergrass/v1/signing-key"), device_route::signing_key);
}

TEST(device_path, what_is_no_route_is_left_to_others) {
    EXPECT_FALSE(parse_device_path("POST", "/greengrass/discover/thing/a"));
    EXPECT_FALSE(parse_device_path("GET", "/greengrass/discover/thing/"));
    EXPECT_FALSE(parse_device_path("GET", "/greengrass/discover/thing"));
    EXPECT_FALSE(parse_device_path("GET", "/greengrass/discover/thing/a/b"));
    EXPECT_FALSE(parse_device_path("GET", "/greengrass/discover/thing/%zz"));
    EXPECT_FALSE(parse_device_path("GET", "/topics/a"));
    EXPECT_FALSE(parse_device_path("GET", ""));
}

}  // namespace
}  // namespace evergrass::cloud::greengrass

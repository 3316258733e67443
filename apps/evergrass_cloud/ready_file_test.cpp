#include "apps/evergrass_cloud/ready_file.hpp"

#include "apps/evergrass_cloud/host_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::cloud {
namespace {

using ::testing::Contains;
using ::testing::Not;

service_options listening_at(std::string address) {
    service_options options;
    options.data = "/data";
    options.listen = std::move(address);
    return options;
}

TEST(service_file, names_every_listener_by_an_address_that_can_be_reached) {
    const auto shown = describe_service(listening_at("0.0.0.0"), {1, 2, 3, 4});
    EXPECT_EQ(shown.at("api"), "https://127.0.0.1:1");
    EXPECT_EQ(shown.at("api_http"), "http://127.0.0.1:2");
    EXPECT_EQ(shown.at("iot_mqtt"), "127.0.0.1:3");
    EXPECT_EQ(shown.at("iot_https"), "127.0.0.1:4");
    EXPECT_EQ(shown.at("discovery"), "https://127.0.0.1:4");
    EXPECT_EQ(shown.at("ca_file"), "/data/ca.pem");
}

TEST(service_file, brackets_ipv6) {
    EXPECT_EQ(describe_service(listening_at("::1"), {1, 2, 3, 4}).at("iot_mqtt"), "[::1]:3");
}

TEST(plain_http, listens_on_loopback_whatever_the_rest_does) {
    EXPECT_EQ(plain_http_address(listening_at("0.0.0.0")), "127.0.0.1");
    EXPECT_EQ(plain_http_address(listening_at("192.0.2.1")), "127.0.0.1");
    EXPECT_EQ(plain_http_address(listening_at("127.0.0.9")), "127.0.0.9");
}

TEST(advertised_endpoints, have_a_port_only_where_it_is_not_the_standard_one) {
    const auto options = listening_at("192.0.2.1");
    EXPECT_EQ(advertise(options, {443, 80, 8883, 8443}).mqtt, "192.0.2.1");
    EXPECT_EQ(advertise_api(options, {443, 80, 8883, 8443}), "192.0.2.1");
    EXPECT_EQ(advertise_api(options, {8444, 80, 8883, 8443}), "192.0.2.1:8444");
    EXPECT_EQ(advertise(options, {443, 80, 8883, 8443}).https, "192.0.2.1");
    EXPECT_EQ(advertise(options, {443, 80, 18883, 18443}).mqtt, "192.0.2.1:18883");
    EXPECT_EQ(advertise(options, {443, 80, 18883, 18443}).https, "192.0.2.1:18443");
}

TEST(advertised_endpoints, prefer_the_first_host_that_was_given) {
    auto options = listening_at("0.0.0.0");
    options.hosts = {"iot.example.org", "other"};
    EXPECT_EQ(advertise(options, {443, 80, 8883, 8443}).mqtt, "iot.example.org");
}

TEST(server_certificate, holds_every_name_that_clients_use) {
    auto options = listening_at("127.0.0.5");
    options.region = "eu-west-1";
    options.hosts = {"iot.example.org"};
    const auto names = certificate_names(options);
    for (const auto* name :
         {"127.0.0.5", "localhost", "127.0.0.1", "::1", "iot.example.org",
          "greengrass-ats.iot.eu-west-1.amazonaws.com", "*.iot.eu-west-1.amazonaws.com"}) {
        EXPECT_THAT(names, Contains(name));
    }
    const auto everywhere = certificate_names(listening_at("0.0.0.0"));
    EXPECT_THAT(everywhere, Not(Contains("0.0.0.0")));
    EXPECT_THAT(everywhere, Contains("127.0.0.1"));
}

}  // namespace
}  // namespace evergrass::cloud

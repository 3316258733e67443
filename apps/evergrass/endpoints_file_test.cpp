#include "apps/evergrass/endpoints_file.hpp"

#include "libs/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace evergrass::cli {
namespace {

endpoints service_alone() {
    endpoints e;
    e.api = "https://127.0.0.1:9440";
    e.api_http = "http://127.0.0.1:9441";
    e.iot_mqtt = "127.0.0.1:9442";
    e.iot_https = "127.0.0.1:9443";
    e.discovery = "https://127.0.0.1:9443";
    e.ca_file = "/data/ca.pem";
    e.access_key_id = "AKIA";
    e.secret_access_key = "secret";
    e.region = "us-east-1";
    e.account = "123456789012";
    return e;
}

TEST(endpoints_file, names_every_member_that_issue_2_asks_for) {
    auto e = service_alone();
    e.core_mqtt = "127.0.0.1:9444";
    e.ipc = "127.0.0.1:8000";
    e.core_thing = "Core";
    e.core_root = "/data/core/greengrass";
    e.devices = {{"Sensor", "/s.pem", "/s.key"}};
    const auto members = to_json(e).as_object();
    for (const char* name :
         {"api", "api_http", "iot_mqtt", "iot_https", "discovery", "core_mqtt", "ipc", "ca_file",
          "access_key_id", "secret_access_key", "region", "account", "core_thing", "core_root"}) {
        EXPECT_FALSE(members.at(name).as_string().empty()) << name;
    }
    const auto& device = members.at("devices").at(0).as_object();
    EXPECT_EQ(device.at("thing").as_string(), "Sensor");
    EXPECT_EQ(device.at("cert_file").as_string(), "/s.pem");
    EXPECT_EQ(device.at("key_file").as_string(), "/s.key");
}

TEST(endpoints_file, of_the_service_alone_has_no_core_and_an_empty_list_of_devices) {
    const auto members = to_json(service_alone()).as_object();
    EXPECT_FALSE(members.contains("core_mqtt"));
    EXPECT_FALSE(members.contains("core_root"));
    EXPECT_TRUE(members.at("devices").as_array().empty());
}

TEST(endpoints_file, can_be_read_by_its_owner_alone) {
    const std::string path = testing::TempDir() + "evergrass_endpoints_test.json";
    ASSERT_TRUE(write_endpoints(path, service_alone()));
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_THAT(read_file(path).value(), testing::HasSubstr("\"secret_access_key\""));
}

}  // namespace
}  // namespace evergrass::cli

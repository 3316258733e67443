#include "apps/evergrass/core_config.hpp"

#include <gtest/gtest.h>

namespace evergrass::cli {
namespace {

TEST(core_config, has_the_paths_both_ways_and_the_ports_of_this_service) {
    up_state state;
    state.core.arn = "arn:aws:iot:us-east-1:123456789012:thing/Core";
    state.core.cert_file = "/data/certs/abc.cert.pem";
    state.core.key_file = "/data/certs/abc.private.key";
    core_places places;
    places.iot_mqtt = {"127.0.0.1", 9442};
    places.iot_https = {"127.0.0.1", 9443};
    places.address = "127.0.0.1";
    places.core_mqtt = 9444;
    places.ipc = 8000;
    places.root = "/data";
    places.ca_file = "/data/certs/root.ca.pem";
    const auto config = core_config(state, places).as_object();
    const auto& thing = config.at("coreThing").as_object();
    EXPECT_EQ(thing.at("caPath").as_string(), "root.ca.pem");
    EXPECT_EQ(thing.at("iotHost").as_string(), "127.0.0.1");
    EXPECT_EQ(thing.at("iotMqttPort").to_number<int>(), 9442);
    EXPECT_EQ(thing.at("ggHttpPort").to_number<int>(), 9443);
    EXPECT_EQ(thing.at("ggMqttPort").to_number<int>(), 9444);
    EXPECT_EQ(thing.at("ggDaemonPort").to_number<int>(), 8000);
    const auto& crypto = config.at("crypto").as_object();
    EXPECT_EQ(crypto.at("caPath").as_string(), "file:///data/certs/root.ca.pem");
    EXPECT_EQ(crypto.at("principals").at("IoTCertificate").at("privateKeyPath").as_string(),
              "file:///data/certs/abc.private.key");
}

}  // namespace
}  // namespace evergrass::cli

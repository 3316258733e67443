#include "apps/greengrassd/core_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::greengrassd {
namespace {

using ::testing::ElementsAre;

edge::core_config usual() {
    edge::core_config config;
    config.root = "/greengrass";
    config.write_directory = "/greengrass/ggc";
    config.ca_path = "/greengrass/certs/root.ca.pem";
    config.certificate_path = "/greengrass/certs/core.pem";
    config.private_key.file = "/greengrass/certs/core.key";
    config.thing_name = "pump";
    return config;
}

TEST(core_settings, the_cores_folder_is_hidden_and_what_is_in_it_with_it) {
    EXPECT_THAT(hidden_paths(usual()), ElementsAre("/greengrass"));
}

TEST(core_settings, what_the_owner_put_elsewhere_is_hidden_where_it_is) {
    auto config = usual();
    config.write_directory = "/data/ggc";
    config.private_key.file = "/greengrass-keys/core.key";  // begins alike, and is not in it
    config.secrets_key.file = "/etc/secrets.key";
    config.server_key = edge::key_place{};
    config.server_key->file = "/etc/server.key";
    config.signing_key_path = "/etc/signing.pub.pem";
    EXPECT_THAT(hidden_paths(config),
                ElementsAre("/greengrass", "/data/ggc", "/greengrass-keys/core.key",
                            "/etc/secrets.key", "/etc/server.key", "/etc/signing.pub.pem"));
}

TEST(core_settings, a_key_in_a_token_is_no_file) {
    auto config = usual();
    config.private_key.file.clear();
    EXPECT_THAT(hidden_paths(config), ElementsAre("/greengrass"));
}

TEST(core_settings, client_ids_at_the_cloud_are_the_things_or_those_of_the_configuration) {
    auto config = usual();
    EXPECT_EQ(link_settings_of(config, nullptr).client_id, "pump-c00");
    EXPECT_EQ(link_settings_of(config, nullptr).more_client_ids, "pump-c");
    config.core_client_id = "line-4";
    EXPECT_EQ(link_settings_of(config, nullptr).client_id, "line-4");
    EXPECT_EQ(link_settings_of(config, nullptr).more_client_ids, "line-4-c");
}

}  // namespace
}  // namespace evergrass::greengrassd

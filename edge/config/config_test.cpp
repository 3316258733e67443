#include "edge/config/config.hpp"

#include "edge/config/uri.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view of_v1_11 = R"({
  "coreThing": {
    "caPath": "old.pem", "certPath": "old.cert", "keyPath": "old.key",
    "thingArn": "arn:aws:iot:eu-north-1:111122223333:thing/Pump7_Core",
    "iotHost": "iot.example", "ggHost": "gg.example", "keepAlive": 60,
    "ggDaemonPort": 8001, "ggMqttPort": 18883
  },
  "runtime": {"cgroup": {"useSystemd": "yes"}, "allowFunctionsToRunAsRoot": "yes"},
  "managedRespawn": false,
  "crypto": {
    "principals": {
      "SecretsManager": {"privateKeyPath": "file:///greengrass/certs/a.private.key"},
      "IoTCertificate": {
        "privateKeyPath": "file:///greengrass/certs/a.private.key",
        "certificatePath": "file:///greengrass/certs/a.cert.pem"}
    },
    "caPath": "file:///greengrass/certs/root.ca.pem"
  }
})";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string out(text);
    out.replace(out.find(from), from.size(), to);
    return out;
}

TEST(config, crypto_wins_over_the_older_paths) {
    const auto config = parse_config(of_v1_11, "/greengrass");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->ca_path, "/greengrass/certs/root.ca.pem");
    EXPECT_EQ(config->certificate_path, "/greengrass/certs/a.cert.pem");
    EXPECT_EQ(config->thing_name, "Pump7_Core");
    EXPECT_EQ(config->region, "eu-north-1");
    EXPECT_EQ(config->account, "111122223333");
    EXPECT_EQ(config->gg_daemon_port, 8001);
    EXPECT_EQ(config->gg_mqtt_port, 18883);
    EXPECT_EQ(config->iot_mqtt_port, 8883);
    EXPECT_EQ(config->write_directory, "/greengrass/ggc");
    EXPECT_TRUE(config->allow_functions_to_run_as_root);
    EXPECT_TRUE(config->without_effect.empty());
}

TEST(config, older_paths_are_relative_to_certs) {
    const auto config = parse_config(R"({"coreThing":{
        "caPath":"root.pem","certPath":"c.pem","keyPath":"/elsewhere/k.pem",
        "thingArn":"arn:aws:iot:us-east-1:123456789012:thing/C","iotHost":"h","ggHost":"h"}})",
                                     "/greengrass");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->ca_path, "/greengrass/certs/root.pem");
    EXPECT_EQ(config->private_key.file, "/elsewhere/k.pem");
}

TEST(config, a_typo_is_noted_with_the_name_that_was_meant) {
    const auto config =
        parse_config(replaced(of_v1_11, "\"ggMqttPort\"", "\"ggMqtPort\""), "/greengrass");
    ASSERT_TRUE(config);
    ASSERT_EQ(config->without_effect.size(), 1U);
    EXPECT_EQ(config->without_effect[0], "coreThing.ggMqtPort (did you mean 'ggMqttPort'?)");
}

TEST(config, broken_json_is_refused_with_line_and_column) {
    const auto config =
        parse_config(replaced(of_v1_11, "\"keepAlive\": 60,", "\"keepAlive\": 60"), "/greengrass");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message(), HasSubstr("line 6"));
}

struct fault {
    const char* from;
    const char* to;
    const char* names;
};

class config_faults : public testing::TestWithParam<fault> {};

TEST_P(config_faults, the_error_names_the_member_and_what_it_should_be) {
    const auto config =
        parse_config(replaced(of_v1_11, GetParam().from, GetParam().to), "/greengrass");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message(), HasSubstr(GetParam().names));
}

INSTANTIATE_TEST_SUITE_P(
    each, config_faults,
    testing::Values(
        fault{"\"keepAlive\": 60", "\"keepAlive\": 10", "'coreThing.keepAlive' is 10; allowed"},
        fault{"18883", "\"18883\"", "'coreThing.ggMqttPort' is not a whole number"},
        fault{"18883", "70000", "'coreThing.ggMqttPort' is 70000, not a port"},
        fault{"\"iotHost\"", "\"iotHots\"", "'coreThing.iotHost' is missing"},
        fault{"arn:aws:iot:eu-north-1:111122223333:thing/Pump7_Core", "[THING_ARN_HERE]",
              "'coreThing.thingArn' in config.json is '[THING_ARN_HERE]'"},
        fault{"file:///greengrass/certs/root.ca.pem", "https://ca", "ErrUnknownURIScheme"},
        fault{"file:///greengrass/certs/root.ca.pem", "file://greengrass/ca", "three slashes"},
        fault{"\"certificatePath\"", "\"certificate\"",
              "'crypto.principals.IoTCertificate.certificatePath' is missing"},
        fault{"\"allowFunctionsToRunAsRoot\": \"yes\"", "\"allowFunctionsToRunAsRoot\": \"maybe\"",
              "neither \"yes\" nor \"no\""}));

TEST(config, the_bound_of_queued_work_is_v1s_unless_it_is_given) {
    EXPECT_EQ(parse_config(of_v1_11, "/greengrass")->max_work_items, 1024U);
    const auto with = [](const std::string& count) {
        return parse_config(replaced(of_v1_11, "\"runtime\": {",
                                     "\"runtime\": {\"maxWorkItemCount\": " + count + ","),
                            "/greengrass");
    };
    EXPECT_EQ(with("7")->max_work_items, 7U);
    const auto none = with("0");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message(), HasSubstr("'runtime.maxWorkItemCount' is 0; allowed is 1"));
}

TEST(config, workers_that_wait_are_of_python_functions_unless_it_says_otherwise) {
    const auto with = [](std::string_view ready) {
        return parse_config(
            replaced(of_v1_11, "\"runtime\": {",
                     "\"runtime\": {\"readyWorkers\": " + std::string(ready) + ", "),
            "/greengrass");
    };
    EXPECT_EQ(parse_config(of_v1_11, "/greengrass")->ready, ready_workers::python);
    EXPECT_EQ(with("\"none\"")->ready, ready_workers::none);
    EXPECT_EQ(with("\"interpreter\"")->ready, ready_workers::interpreter);
    EXPECT_EQ(with("\"all\"")->ready, ready_workers::all);
    EXPECT_THAT(with("\"some\"").error().message(), HasSubstr("readyWorkers"));
    EXPECT_FALSE(with("true"));
}

TEST(config, the_programs_of_runtimes_are_named_by_their_absolute_paths) {
    const auto with = [](std::string_view interpreters) {
        return parse_config(
            replaced(of_v1_11, "\"runtime\": {",
                     "\"runtime\": {\"interpreters\": " + std::string(interpreters) + ", "),
            "/greengrass");
    };
    auto config = with(R"({"python3.7": "/opt/py37/bin/python3.7", "nodejs12.x": "/opt/node"})");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->interpreters.at("python3.7"), "/opt/py37/bin/python3.7");
    EXPECT_EQ(config->interpreters.size(), 2U);
    EXPECT_TRUE(config->without_effect.empty());
    for (const auto* bad : {R"({"python3.7": "python3.7"})", R"({"python3.7": 7})"}) {
        config = with(bad);
        ASSERT_FALSE(config) << bad;
        EXPECT_THAT(config.error().message(), HasSubstr("runtime.interpreters.python3.7"));
        EXPECT_THAT(config.error().message(), HasSubstr("absolute path"));
    }
    EXPECT_FALSE(with("[]"));
}

TEST(config, the_direction_of_shadows_is_set_for_all_and_for_things) {
    const auto with = [](std::string_view members) {
        return parse_config(replaced(of_v1_11, "{", "{" + std::string(members) + ","),
                            "/greengrass");
    };
    auto config = with(R"("system":{"shadowSyncTimeout":9},
        "shadowSync":{"direction":"toCloud","things":{"a":"both","b":"toDevice"}})");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->shadows.answer_limit, std::chrono::seconds(9));
    EXPECT_EQ(config->shadows.of("a"), shadow_direction::both);
    EXPECT_EQ(config->shadows.of("b"), shadow_direction::to_device);
    EXPECT_EQ(config->shadows.of("c"), shadow_direction::to_cloud);
    EXPECT_TRUE(config->without_effect.empty());
    EXPECT_EQ(parse_config(of_v1_11, "/greengrass")->shadows.of("a"), shadow_direction::both);
    for (const auto& [bad, member] :
         {std::pair(R"("system":{"shadowSyncTimeout":0})", "system.shadowSyncTimeout"),
          std::pair(R"("shadowSync":7)", "shadowSync"),
          std::pair(R"("shadowSync":{"direction":"up"})", "shadowSync.direction"),
          std::pair(R"("shadowSync":{"things":{"a":"up"}})", "shadowSync.things.a"),
          std::pair(R"("shadowSync":{"things":{"a":7}})", "shadowSync.things.a")}) {
        config = with(bad);
        ASSERT_FALSE(config) << bad;
        EXPECT_THAT(config.error().message(), HasSubstr(member));
    }
}

TEST(config, the_window_to_the_cloud_is_100_unless_it_is_given) {
    const auto with = [](std::string_view spooler) {
        return parse_config(replaced(of_v1_11, "{", R"({"spooler":)" + std::string(spooler) + ","),
                            "/greengrass");
    };
    EXPECT_EQ(parse_config(of_v1_11, "/greengrass")->cloud_messages_in_flight, 100U);
    EXPECT_EQ(with("{}")->cloud_messages_in_flight, 100U);
    EXPECT_EQ(with(R"({"inFlightMessages":7})")->cloud_messages_in_flight, 7U);
    for (const auto* bad : {R"({"inFlightMessages":0})", R"({"inFlightMessages":10001})",
                            R"({"inFlightMessages":"7"})"}) {
        const auto config = with(bad);
        ASSERT_FALSE(config) << bad;
        EXPECT_THAT(config.error().message(), HasSubstr("spooler.inFlightMessages"));
    }
    EXPECT_FALSE(with(R"({"inFlight":7})")->without_effect.empty());
}

TEST(config, how_often_secrets_are_renewed_is_read) {
    const auto with = [](std::string_view secrets) {
        return parse_config(replaced(of_v1_11, "{", R"({"secrets":)" + std::string(secrets) + ","),
                            "/greengrass");
    };
    EXPECT_EQ(with("{}")->secrets.refresh.count(), 0);
    EXPECT_EQ(with(R"({"refreshSeconds":60})")->secrets.refresh.count(), 60);
    for (const auto& [bad, member] :
         {std::pair(R"({"refreshSeconds":-1})", "secrets.refreshSeconds"),
          std::pair(R"({"refreshSeconds":604801})", "secrets.refreshSeconds")}) {
        const auto config = with(bad);
        ASSERT_FALSE(config) << bad;
        EXPECT_THAT(config.error().message(), HasSubstr(member));
    }
    EXPECT_FALSE(with(R"({"refresh":7})")->without_effect.empty());
}

TEST(config, without_any_paths_v1s_text_is_given) {
    const auto config = parse_config(R"({"coreThing":{
        "thingArn":"arn:aws:iot:us-east-1:123456789012:thing/C","iotHost":"h","ggHost":"h"}})",
                                     "/greengrass");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message(), HasSubstr("missing the CaPath, CertPath or KeyPath"));
}

constexpr std::string_view in_file = "file:///greengrass/certs/a.private.key";

// The core's own key in a token, with this PKCS11 section.
std::string in_token(const std::string& section, const std::string& uri = "pkcs11:object=iot") {
    auto text =
        replaced(of_v1_11,
                 "\"SecretsManager\": {\"privateKeyPath\": \"" + std::string(in_file) + "\"},", "");
    text = replaced(text, in_file, uri);
    return replaced(text, "\"crypto\": {", "\"crypto\": {" + section);
}

const std::string token_section =
    R"("PKCS11": {"P11Provider": "/p11.so", "slotLabel": "greengrass", "slotUserPin": "1234"},)";

TEST(config, a_key_in_a_token_is_the_one_of_secrets_too) {
    const auto config = parse_config(in_token(token_section), "/greengrass");
    ASSERT_TRUE(config) << config.error().message();
    EXPECT_EQ(config->private_key.object->object, "iot");
    EXPECT_EQ(config->secrets_key.object->object, "iot");
    EXPECT_FALSE(config->server_key);
    EXPECT_EQ(config->token->provider, "/p11.so");
    EXPECT_EQ(config->token->slot_label, "greengrass");
    EXPECT_EQ(config->token->user_pin, "1234");
}

TEST(config, what_is_missing_for_a_token_is_named_and_its_pin_never) {
    const auto said = [](const std::string& section, const std::string& uri = "pkcs11:object=k") {
        const auto config = parse_config(in_token(section, uri), "/greengrass");
        return config ? std::string() : config.error().message();
    };
    EXPECT_THAT(said(""), HasSubstr("'crypto.PKCS11' is missing"));
    EXPECT_THAT(said(R"("PKCS11": {"P11Provider": "/p", "slotUserPin": "hush"},)"),
                AllOf(HasSubstr("crypto.PKCS11.slotLabel"), Not(HasSubstr("hush"))));
    EXPECT_THAT(said(token_section, "pkcs11:type=private"), HasSubstr("names no key"));
    EXPECT_THAT(said(token_section, "pkcs11:object=k;type=public"), HasSubstr("type=private"));
    EXPECT_THAT(said(token_section, "pkcs11:object=k?pin-value=hush"),
                AllOf(HasSubstr("slotUserPin"), Not(HasSubstr("hush"))));
}

TEST(config, secrets_are_wrapped_by_oaep_when_the_key_is_in_a_file) {
    const auto with = [](const std::string& padding) {
        return replaced(of_v1_11, "\"SecretsManager\": {",
                        "\"SecretsManager\": {\"padding\": \"" + padding + "\", ");
    };
    EXPECT_FALSE(parse_config(of_v1_11, "/greengrass")->secrets_by_oaep);
    EXPECT_FALSE(parse_config(with("PKCS1"), "/greengrass")->secrets_by_oaep);
    EXPECT_TRUE(parse_config(with("OAEP"), "/greengrass")->secrets_by_oaep);
    EXPECT_FALSE(parse_config(with("oaep"), "/greengrass"));
    auto in_hardware = replaced(with("OAEP"), in_file, "pkcs11:object=secrets");
    in_hardware = replaced(in_hardware, "\"crypto\": {", "\"crypto\": {" + token_section);
    const auto config = parse_config(in_hardware, "/greengrass");
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message(), HasSubstr("SecretsManager.padding"));
}

TEST(key_uri, only_private_keys_are_in_tokens) {
    const auto path = parse_key_uri("m", "pkcs11:object=k;type=private");
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().code, errc::unsupported);
}

TEST(config, lan_discovery_is_off_unless_asked_for) {
    const auto with = [](const std::string& more) {
        return parse_config(
            R"({"coreThing":{"caPath":"ca","certPath":"c","keyPath":"k",)"
            R"("thingArn":"arn:aws:iot:us-east-1:123456789012:thing/C","iotHost":"h","ggHost":"h"})" +
                more + "}",
            "/greengrass");
    };
    EXPECT_FALSE(with("").value().lan_discovery);
    const auto plain = with(R"(,"lanDiscovery":{})").value().lan_discovery;
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->port, 8885);
    EXPECT_EQ(plain->avahi_services, "/etc/avahi/services");
    const auto silent = with(R"(,"lanDiscovery":{"avahiServices":"","port":0})").value();
    EXPECT_TRUE(silent.lan_discovery->avahi_services.empty());
    EXPECT_THAT(with(R"(,"lanDiscovery":{"avahiServices":"etc"})").error().message(),
                testing::HasSubstr("lanDiscovery.avahiServices"));
    EXPECT_THAT(with(R"(,"lanDiscovery":{"port":70000})").error().message(),
                testing::HasSubstr("lanDiscovery.port"));
    EXPECT_FALSE(with(R"(,"lanDiscovery":true)"));
}

}  // namespace
}  // namespace evergrass::edge

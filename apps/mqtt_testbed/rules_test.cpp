#include "apps/mqtt_testbed/group.hpp"
#include "apps/mqtt_testbed/open_policy.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace evergrass::testbed {
namespace {

using testing::HasSubstr;

mqtt::publish_verdict verdict_on(std::string_view topic) {
    mqtt::publish_view message;
    message.topic = topic;
    return open_policy().may_publish({}, message);
}

TEST(open_policy, takes_any_topic_but_the_servers_own) {
    using action = mqtt::publish_verdict::action;
    for (const auto* topic : {"a", "a/$SYS", "$other/x", "$SYSTEM", "$"}) {
        EXPECT_EQ(verdict_on(topic).what, action::route) << topic;
    }
    for (const auto* topic : {"$SYS", "$SYS/a/b", "$share/g/t"}) {
        EXPECT_EQ(verdict_on(topic).what, action::acknowledge) << topic;
    }
}

TEST(loss_file, has_a_line_for_each_message_that_a_client_did_not_get) {
    const auto path =
        (std::filesystem::temp_directory_path() / (hex_encode(random_bytes(6)) + ".losses"))
            .string();
    for (const auto* client : {"first", "second"}) {  // and what is there stays
        auto file = loss_file::open(path);
        ASSERT_TRUE(file) << file.error().message();
        open_policy rules(std::move(*file));
        rules.lost(mqtt::loss::queue_full, "", "a\"b", client);
    }
    EXPECT_EQ(read_file(path, 1000).value(),
              "{\"why\":\"queue full\",\"topic\":\"a\\\"b\",\"client\":\"first\"}\n"
              "{\"why\":\"queue full\",\"topic\":\"a\\\"b\",\"client\":\"second\"}\n");
    std::filesystem::remove(path);
    const auto none = loss_file::open("/nowhere/losses");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message(), HasSubstr("/nowhere/losses"));
}

class group_test : public testing::Test {
protected:
    ~group_test() override { std::filesystem::remove(path_); }

    result<std::unique_ptr<group>> read(const std::string& text, bool certificates = true) {
        EXPECT_TRUE(write_file_atomically(path_, text));
        return group::read(path_, certificates, {}, logger());
    }

    std::string path_ =
        (std::filesystem::temp_directory_path() / (hex_encode(random_bytes(6)) + ".group.json"))
            .string();
};

TEST_F(group_test, devices_come_in_by_their_certificates) {
    const std::string certificate(64, 'a');
    const auto made = read(R"({"Devices":[
        {"thingArn":"arn:aws:iot:us-east-1:123456789012:thing/pump",
         "certArn":"arn:aws:iot:us-east-1:123456789012:cert/)" +
                           certificate + R"("},
        {"thingArn":"arn:aws:iot:us-east-1:123456789012:thing/lamp"}],
        "GroupDefinitions":{}})");
    ASSERT_TRUE(made) << made.error().message();
    auto& rules = (*made)->rules();
    EXPECT_TRUE(rules.admits(certificate));
    EXPECT_TRUE(rules.knows("pump"));
    EXPECT_FALSE(rules.knows("lamp"));
}

TEST_F(group_test, a_file_that_says_nothing_is_refused_by_its_name) {
    for (const auto* text : {"", "{", "[]", "null", "{}", R"({"Devices":[{}]})",
                             R"({"GroupDefinitions":{"Subscriptions":{"Content":[{}]}}})"}) {
        const auto made = read(text);
        ASSERT_FALSE(made) << text;
        EXPECT_THAT(made.error().message(), HasSubstr(path_)) << text;
    }
    const auto missing = group::read("/nowhere/group.json", true, {}, logger());
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("/nowhere/group.json"));
}

}  // namespace
}  // namespace evergrass::testbed

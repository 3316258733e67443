#include "cloud/iot/hub_policy.hpp"

#include "cloud/iot/topic_rules.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace evergrass::cloud {
namespace {

using mqtt::publish_verdict;
using mqtt::qos;
using mqtt::reason;

// Allows all but what the test denies, as "action resource".
class fake_authority : public device_authority {
public:
    bool is_active(std::string_view id) const override {
        return !inactive.contains(std::string(id));
    }
    bool is_attached(std::string_view, std::string_view) const override { return true; }
    bool allows(std::string_view certificate, std::string_view action, std::string_view resource,
                std::string_view client) const override {
        const auto name = resource.substr(resource.find_last_of(':') + 1);
        asked = std::string(certificate) + " " + std::string(client);
        return !denied.contains(std::string(action) + " " + std::string(name));
    }
    std::set<std::string> inactive;
    std::set<std::string> denied;
    mutable std::string asked;
};

class fake_route : public mqtt::route_builder {
public:
    void subscribers() override { ++asked_for_subscribers; }
    void client(std::string_view, std::span<const std::uint32_t>) override { ++others; }
    void external(std::shared_ptr<mqtt::external_target> to) override {
        ++others;
        target = std::move(to);
    }
    void nobody(reason) override { ++others; }
    bool forwarded() const override { return false; }
    int asked_for_subscribers = 0;
    int others = 0;
    std::shared_ptr<mqtt::external_target> target;
};

class fake_target : public mqtt::external_target {
public:
    void deliver(const mqtt::publication&, const mqtt::receipt&) override {}
};

mqtt::client_identity by_certificate(std::string id) {
    mqtt::client_identity who;
    who.remote_address = "127.0.0.1:1";
    who.certificate_id = std::move(id);
    return who;
}

mqtt::client_identity by_access_key(access_role role = access_role::admin) {
    mqtt::client_identity who;
    who.websocket = true;
    who.attachment =
        std::make_shared<const access_key_principal>(access_key_principal{"AKIA", role});
    return who;
}

class device_hub_policy : public ::testing::Test {
protected:
    service_identity identity_;
    fake_authority authority_;
    registry_changes changes_;
    hub_policy policy_{identity_, authority_, changes_, logger()};
    mqtt::client_info a_{"a", mqtt::protocol_version::v5, by_certificate("cert-a"), nullptr};

    reason connects(const mqtt::client_identity& who, std::string_view client_id) {
        return policy_.admit(who, client_id, {}).code;
    }
    publish_verdict publishes(std::string_view topic, std::string_view payload = "1",
                              bool retain = false) {
        mqtt::publish_view message;
        message.topic = topic;
        message.payload = payload;
        message.retain = retain;
        return policy_.may_publish(a_, message);
    }
    std::optional<reason> disconnects(std::string_view topic, std::string_view payload = "1",
                                      bool retain = false) {
        const auto verdict = publishes(topic, payload, retain);
        return verdict.what == publish_verdict::action::disconnect ? std::optional(verdict.code)
                                                                   : std::nullopt;
    }
    bool is_routed(std::string_view topic) {
        return publishes(topic).what == publish_verdict::action::route;
    }
    reason subscribes(std::string_view filter, qos level = qos::at_least_once,
                      bool shared = false) {
        return policy_.may_subscribe(a_, filter, {level, false, false, {}}, shared);
    }
    bool receives(std::string_view topic) { return policy_.may_receive(a_, "b", topic); }
};

TEST_F(device_hub_policy, a_client_may_connect_as_its_certificates_policies_say) {
    EXPECT_EQ(connects(by_certificate("cert-a"), "a"), reason::success);
    EXPECT_EQ(authority_.asked, "cert-a a");
    authority_.denied.insert("iot:Connect client/a");
    EXPECT_EQ(connects(by_certificate("cert-a"), "a"), reason::not_authorized);
    EXPECT_EQ(connects(by_certificate("cert-a"), "b"), reason::success);
}

TEST_F(device_hub_policy, a_certificate_that_is_not_active_is_refused) {
    authority_.inactive.insert("cert-a");
    EXPECT_EQ(connects(by_certificate("cert-a"), "a"), reason::not_authorized);
}

TEST_F(device_hub_policy, who_shows_nothing_is_refused) {
    EXPECT_EQ(connects({}, "a"), reason::not_authorized);
}

TEST_F(device_hub_policy, an_access_key_that_reads_publishes_nothing) {
    for (const auto role : {access_role::read_only, access_role::operate, access_role::admin}) {
        a_.identity = by_access_key(role);
        EXPECT_EQ(connects(a_.identity, "a"), reason::success);
        EXPECT_EQ(subscribes("news/#"), reason::granted_qos_1);
        EXPECT_TRUE(receives("news/1"));
        EXPECT_EQ(is_routed("news/1"), role != access_role::read_only);
    }
}

TEST_F(device_hub_policy, a_client_id_has_at_most_128_bytes) {
    EXPECT_EQ(connects(by_certificate("cert-a"), std::string(128, 'x')), reason::success);
    EXPECT_EQ(connects(by_certificate("cert-a"), std::string(129, 'x')),
              reason::client_identifier_not_valid);
}

TEST_F(device_hub_policy, publishing_without_the_right_ends_the_connection) {
    authority_.denied = {"iot:Publish topic/no", "iot:RetainPublish topic/keep"};
    EXPECT_EQ(disconnects("no"), reason::not_authorized);
    EXPECT_EQ(disconnects("keep", "1", true), reason::not_authorized);
    EXPECT_TRUE(is_routed("keep"));
}

TEST_F(device_hub_policy, what_aws_does_not_carry_ends_the_connection) {
    EXPECT_EQ(disconnects("1/2/3/4/5/6/7/8/9"), reason::topic_name_invalid);
    EXPECT_EQ(disconnects("$SYS/x"), reason::topic_name_invalid);
    EXPECT_EQ(disconnects(std::string(257, 't')), reason::topic_name_invalid);
    EXPECT_EQ(disconnects("t", std::string(max_payload_bytes + 1, 'x')), reason::packet_too_large);
    EXPECT_EQ(disconnects("t", std::string(max_payload_bytes, 'x')), std::nullopt);
    EXPECT_TRUE(is_routed("1/2/3/4/5/6/7/8"));
    EXPECT_TRUE(is_routed(std::string(256, 't')));
}

TEST_F(device_hub_policy, a_device_cannot_speak_for_a_service_on_a_reserved_topic) {
    const auto verdict = publishes("$aws/things/a/shadow/update/accepted");
    EXPECT_EQ(verdict.what, publish_verdict::action::acknowledge);
    EXPECT_EQ(verdict.code, reason::success);
    EXPECT_EQ(publishes("$aws/things/a/1/2/3/4/5/6/7").what, publish_verdict::action::acknowledge);
    EXPECT_EQ(disconnects("$aws/things/a/1/2/3/4/5/6/7/8/9"), reason::topic_name_invalid);
    authority_.denied = {"iot:Publish topic/$aws/x"};
    EXPECT_EQ(disconnects("$aws/x"), reason::not_authorized) << "the right is asked for first";
}

TEST_F(device_hub_policy, requests_for_shadows_go_to_the_service_and_to_subscribers) {
    const auto target = std::make_shared<fake_target>();
    hub_services services;
    services.shadows = target;
    hub_policy serving(identity_, authority_, changes_, logger(), services);
    mqtt::publish_view message;
    message.topic = "$aws/things/a/shadow/name/n/update";
    EXPECT_EQ(serving.may_publish(a_, message).what, publish_verdict::action::route);
    EXPECT_EQ(publishes(message.topic).what, publish_verdict::action::acknowledge)
        << "where nobody serves them";
    fake_route to;
    serving.resolve(&a_, "a", message.topic, to);
    EXPECT_EQ(to.asked_for_subscribers, 1);
    EXPECT_EQ(to.target, target);
    message.retain = true;
    EXPECT_EQ(serving.may_publish(a_, message).what, publish_verdict::action::acknowledge);
    message.retain = false;
    authority_.denied = {"iot:Publish topic/$aws/things/a/shadow/name/n/update"};
    EXPECT_EQ(serving.may_publish(a_, message).code, reason::not_authorized);
    for (const auto* topic : {"$aws/things/a/shadow/update/accepted", "$aws/things/a/jobs/get"}) {
        fake_route answers;
        serving.resolve(nullptr, "", topic, answers);
        EXPECT_EQ(answers.target, nullptr) << topic;
        message.topic = topic;
        EXPECT_EQ(serving.may_publish(a_, message).what, publish_verdict::action::acknowledge);
    }
}

TEST_F(device_hub_policy, of_one_of_several_sends_what_clients_publish_to_everybody) {
    const auto everybody = std::make_shared<fake_target>();
    std::vector<std::string> told;
    const auto tell = [&](const char* what) {
        return [&told, what](const client_connection& which) {
            told.push_back(which.client_id + what + std::to_string(which.label.version));
        };
    };
    hub_services services;
    services.everybody = everybody;
    services.say = [](const std::string&, const std::string&) {};
    services.came = tell(" came ");
    services.left = tell(" left ");
    services.number_of = [](const std::string&) { return 7; };
    hub_policy one_of_several(identity_, authority_, changes_, logger(), services);
    fake_route of_a_client;
    one_of_several.resolve(&a_, "a", "t", of_a_client);
    EXPECT_EQ(of_a_client.asked_for_subscribers, 0);
    EXPECT_EQ(of_a_client.target, everybody);
    fake_route from_elsewhere;
    one_of_several.resolve(nullptr, "a", "t", from_elsewhere);
    EXPECT_EQ(from_elsewhere.asked_for_subscribers, 1);
    EXPECT_EQ(from_elsewhere.target, nullptr);
    EXPECT_EQ(one_of_several.may_subscribe(a_, "t", {}, true), reason::success);
    auto admitted = a_;
    admitted.context = one_of_several.admit(a_.identity, "a", {}).context;
    one_of_several.connected(admitted, false);
    one_of_several.still_connected(admitted);
    one_of_several.disconnected(admitted, true, "");
    EXPECT_EQ(told, (std::vector<std::string>{"a came 7", "a came 7", "a left 7"}));
}

TEST_F(device_hub_policy, of_one_of_several_refuses_shares_for_which_there_is_no_room) {
    bool has_room = true;
    hub_services services;
    services.everybody = std::make_shared<fake_target>();
    services.has_room_for_shares = [&] { return has_room; };
    hub_policy one_of_several(identity_, authority_, changes_, logger(), services);
    EXPECT_EQ(one_of_several.may_subscribe(a_, "t", {}, true), reason::success);
    has_room = false;
    EXPECT_EQ(one_of_several.may_subscribe(a_, "t", {}, true), reason::quota_exceeded);
    EXPECT_EQ(one_of_several.may_subscribe(a_, "t", {}, false), reason::success);
}

TEST_F(device_hub_policy, knows_whom_it_would_admit) {
    EXPECT_TRUE(policy_.would_admit(a_.identity, "a"));
    EXPECT_FALSE(policy_.would_admit(a_.identity, std::string(129, 'a')));
    EXPECT_FALSE(policy_.would_admit({}, "a"));
    authority_.denied = {"iot:Connect client/a"};
    EXPECT_FALSE(policy_.would_admit(a_.identity, "a"));
}

TEST_F(device_hub_policy, qos_1_is_the_most_that_is_granted) {
    EXPECT_EQ(subscribes("t", qos::at_most_once), reason::success);
    EXPECT_EQ(subscribes("t", qos::at_least_once), reason::granted_qos_1);
    EXPECT_EQ(subscribes("t", qos::exactly_once), reason::granted_qos_1);
}

TEST_F(device_hub_policy, subscribing_without_the_right_is_refused) {
    authority_.denied = {"iot:Subscribe topicfilter/t/#"};
    EXPECT_EQ(subscribes("t/#"), reason::not_authorized);
    EXPECT_EQ(subscribes("t/#", qos::at_least_once, true), reason::not_authorized);
    EXPECT_EQ(subscribes("t/+", qos::at_least_once, true), reason::granted_qos_1);
    EXPECT_EQ(subscribes("1/2/3/4/5/6/7/8/9"), reason::topic_filter_invalid);
    EXPECT_EQ(subscribes(std::string(257, 't')), reason::topic_filter_invalid);
    EXPECT_EQ(subscribes("$aws/things/" + std::string(256, 't')), reason::granted_qos_1);
}

TEST_F(device_hub_policy, the_right_to_receive_is_asked_for_each_time) {
    EXPECT_TRUE(receives("t"));
    authority_.denied = {"iot:Receive topic/t"};
    EXPECT_FALSE(receives("t"));
}

TEST_F(device_hub_policy, any_change_of_the_registry_makes_answers_stale) {
    const auto before = policy_.generation();
    changes_.changed();
    EXPECT_NE(policy_.generation(), before);
}

TEST_F(device_hub_policy, a_message_is_for_all_who_subscribed) {
    fake_route route;
    policy_.resolve(&a_, "a", "t", route);
    EXPECT_EQ(route.asked_for_subscribers, 1);
    EXPECT_EQ(route.others, 0);
}

TEST_F(device_hub_policy, an_access_key_may_do_everything_that_topics_allow) {
    authority_.denied = {"iot:Connect client/a", "iot:Publish topic/t", "iot:RetainPublish topic/t",
                         "iot:Subscribe topicfilter/t", "iot:Receive topic/t"};
    a_.identity = by_access_key();
    EXPECT_EQ(connects(a_.identity, "a"), reason::success);
    EXPECT_EQ(disconnects("t", "1", true), std::nullopt);
    EXPECT_EQ(disconnects("$SYS/x"), reason::topic_name_invalid);
    EXPECT_EQ(subscribes("t"), reason::granted_qos_1);
    EXPECT_TRUE(receives("t"));
}

// A session that the journal kept: who it was, is not.
TEST_F(device_hub_policy, for_a_client_that_has_not_come_back_messages_wait_but_it_says_nothing) {
    a_.identity = {};
    authority_.denied = {"iot:Receive topic/t"};
    EXPECT_TRUE(receives("t"));
    EXPECT_EQ(disconnects("t"), reason::not_authorized);
    a_.identity = by_certificate("cert-a");
    EXPECT_FALSE(receives("t")) << "asked again when it comes";
}

TEST_F(device_hub_policy, losses_are_counted_until_the_client_leaves) {
    policy_.connected(a_, false);
    policy_.lost(mqtt::loss::queue_full, "b", "t", "a");
    policy_.lost(mqtt::loss::not_stored, "b", "t", "a");
    policy_.disconnected(a_, true, "bye");
    policy_.lost(mqtt::loss::session_ended, "b", "t", "a");
}

}  // namespace
}  // namespace evergrass::cloud

#include "cloud/iot/hub_sessions.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace evergrass::cloud {
namespace {

using mqtt::connect_code;
using mqtt::qos;

// Allows all but what the test denies, as "action resource".
class fake_authority : public device_authority {
public:
    bool is_active(std::string_view id) const override {
        return !inactive.contains(std::string(id));
    }
    bool is_attached(std::string_view, std::string_view) const override { return true; }
    bool allows(std::string_view, std::string_view action, std::string_view resource,
                std::string_view) const override {
        const auto name = resource.substr(resource.find_last_of(':') + 1);
        return !denied.contains(std::string(action) + " " + std::string(name));
    }
    std::set<std::string> inactive;
    std::set<std::string> denied;
};

class fake_connection : public mqtt::server_connection {
public:
    fake_connection(hub_sessions& owner, std::string client, std::string certificate)
        : owner_(owner), peer_(rt::peer_certificate{std::move(certificate), ""}) {
        info_.client_id = std::move(client);
    }
    const mqtt::connect_info& info() const override { return info_; }
    const std::optional<rt::peer_certificate>& peer() const override { return peer_; }
    const std::string& remote_address() const override { return address_; }
    mqtt::send_result publish(std::string_view topic, std::shared_ptr<const std::string> payload,
                              qos level, bool) override {
        if (full) {
            return mqtt::send_result::queue_full;
        }
        received.push_back(std::string(topic) + "=" + *payload + "@" +
                           std::to_string(static_cast<int>(level)));
        return mqtt::send_result::queued;
    }
    void close(std::string_view reason) override {
        closed = true;
        owner_.on_disconnect(*this, false, reason);
    }

    connect_code connect() { return owner_.on_connect(*this, info_); }
    bool publish_to_hub(std::string_view topic, std::string_view payload, qos level = qos{},
                        bool retain = false) {
        return owner_.on_publish(*this, {topic, payload, level, retain, false});
    }
    std::optional<qos> subscribe(std::string_view filter, qos level = qos::at_least_once) {
        return owner_.on_subscribe(*this, filter, level);
    }

    mqtt::connect_info info_;
    std::vector<std::string> received;
    bool closed = false;
    bool full = false;

private:
    hub_sessions& owner_;
    std::optional<rt::peer_certificate> peer_;
    std::string address_ = "127.0.0.1:1";
};

class device_hub : public ::testing::Test {
protected:
    service_identity identity_;
    fake_authority authority_;
    hub_sessions hub_{identity_, authority_, logger()};
    fake_connection a_{hub_, "a", "cert-a"};
    fake_connection b_{hub_, "b", "cert-b"};

    void connect_both() {
        ASSERT_EQ(a_.connect(), connect_code::accepted);
        ASSERT_EQ(b_.connect(), connect_code::accepted);
    }
    using list = std::vector<std::string>;
};

TEST_F(device_hub, a_message_reaches_all_who_subscribed_at_the_lower_of_both_levels) {
    connect_both();
    EXPECT_EQ(a_.subscribe("t/+", qos::exactly_once), qos::at_least_once);
    EXPECT_EQ(b_.subscribe("t/x", qos::at_most_once), qos::at_most_once);
    EXPECT_TRUE(a_.publish_to_hub("t/x", "1", qos::at_least_once));
    EXPECT_EQ(a_.received, list{"t/x=1@1"});
    EXPECT_EQ(b_.received, list{"t/x=1@0"});
}

TEST_F(device_hub, a_client_may_connect_only_as_its_policies_say) {
    authority_.denied.insert("iot:Connect client/a");
    EXPECT_EQ(a_.connect(), connect_code::not_authorized);
    authority_.inactive.insert("cert-b");
    EXPECT_EQ(b_.connect(), connect_code::not_authorized);
}

TEST_F(device_hub, publishing_without_the_right_ends_the_connection) {
    connect_both();
    authority_.denied = {"iot:Publish topic/no", "iot:RetainPublish topic/keep"};
    EXPECT_FALSE(a_.publish_to_hub("no", "1"));
    EXPECT_FALSE(a_.publish_to_hub("keep", "1", qos{}, true));
    EXPECT_TRUE(a_.publish_to_hub("keep", "1"));
}

TEST_F(device_hub, subscribing_without_the_right_is_refused) {
    connect_both();
    authority_.denied = {"iot:Subscribe topicfilter/t/#"};
    EXPECT_EQ(a_.subscribe("t/#"), std::nullopt);
    EXPECT_EQ(a_.subscribe("$share/g/t"), std::nullopt);
    EXPECT_EQ(a_.subscribe("1/2/3/4/5/6/7/8/9"), std::nullopt);
    EXPECT_TRUE(b_.publish_to_hub("t/x", "1"));
    EXPECT_EQ(a_.received, list{});
}

TEST_F(device_hub, a_right_to_receive_that_is_taken_away_ends_delivery_at_once) {
    connect_both();
    a_.subscribe("t");
    b_.publish_to_hub("t", "1");
    authority_.denied = {"iot:Receive topic/t"};
    b_.publish_to_hub("t", "2");
    EXPECT_EQ(a_.received, list{"t=1@0"});
}

TEST_F(device_hub, what_aws_does_not_carry_is_refused) {
    connect_both();
    EXPECT_FALSE(a_.publish_to_hub("1/2/3/4/5/6/7/8/9", ""));
    EXPECT_FALSE(a_.publish_to_hub("$SYS/x", ""));
    EXPECT_FALSE(a_.publish_to_hub("t", std::string(max_payload_bytes + 1, 'x')));
    EXPECT_TRUE(a_.publish_to_hub("t", std::string(max_payload_bytes, 'x')));
}

TEST_F(device_hub, a_device_cannot_speak_for_a_service_on_a_reserved_topic) {
    connect_both();
    a_.subscribe("$aws/things/a/shadow/update/accepted");
    EXPECT_TRUE(b_.publish_to_hub("$aws/things/a/shadow/update/accepted", "{}"));
    EXPECT_EQ(a_.received, list{});
}

TEST_F(device_hub, unsubscribing_ends_delivery_and_a_disconnect_ends_all) {
    connect_both();
    a_.subscribe("t");
    a_.subscribe("u");
    hub_.on_unsubscribe(a_, "t");
    hub_.on_unsubscribe(a_, "never");
    b_.publish_to_hub("t", "1");
    b_.publish_to_hub("u", "2");
    EXPECT_EQ(a_.received, list{"u=2@0"});
    hub_.on_disconnect(a_, true, "bye");
    b_.publish_to_hub("u", "3");
    EXPECT_EQ(a_.received, list{"u=2@0"});
}

TEST_F(device_hub, a_will_is_published_when_the_client_vanishes_and_only_then) {
    a_.info_.will = mqtt::will_message{"gone", "a", qos::at_least_once, false};
    connect_both();
    b_.subscribe("gone");
    hub_.on_disconnect(a_, true, "said goodbye");
    EXPECT_EQ(b_.received, list{});
    ASSERT_EQ(a_.connect(), connect_code::accepted);
    hub_.on_disconnect(a_, false, "timed out");
    EXPECT_EQ(b_.received, list{"gone=a@1"});
}

TEST_F(device_hub, a_will_needs_the_right_to_publish) {
    a_.info_.will = mqtt::will_message{"gone", "a", qos::at_most_once, false};
    connect_both();
    b_.subscribe("gone");
    authority_.denied = {"iot:Publish topic/gone"};
    hub_.on_disconnect(a_, false, "timed out");
    EXPECT_EQ(b_.received, list{});
}

TEST_F(device_hub, a_lost_certificate_is_cut_off_with_all_its_connections) {
    connect_both();
    fake_connection second{hub_, "a2", "cert-a"};
    ASSERT_EQ(second.connect(), connect_code::accepted);
    hub_.cut_off("cert-a");
    EXPECT_TRUE(a_.closed);
    EXPECT_TRUE(second.closed);
    EXPECT_FALSE(b_.closed);
    authority_.inactive.insert("cert-b");
    hub_.cut_off_inactive();
    EXPECT_TRUE(b_.closed);
}

TEST_F(device_hub, a_client_that_does_not_read_holds_up_nobody) {
    connect_both();
    a_.subscribe("t");
    b_.subscribe("t");
    a_.full = true;
    EXPECT_TRUE(b_.publish_to_hub("t", "1"));
    EXPECT_EQ(b_.received, list{"t=1@0"});
    EXPECT_FALSE(a_.closed);
}

}  // namespace
}  // namespace evergrass::cloud

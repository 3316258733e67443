#include "edge/devices/group_policy.hpp"

#include "edge/devices/source_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace evergrass::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string counter = "arn:aws:lambda:us-east-1:123456789012:function:counter:7";
const std::string pump_certificate(64, 'a');
const std::string lamp_certificate(64, 'b');

std::string thing(const std::string& name) {
    return "arn:aws:iot:us-east-1:123456789012:thing/" + name;
}

contract::group_member member(const std::string& name, const std::string& certificate) {
    return {name, thing(name), "arn:aws:iot:us-east-1:123456789012:cert/" + certificate, false};
}

// What a broker would do with an answer.
struct recorded_route : mqtt::route_builder {
    void subscribers() override { clients.emplace_back("everybody"); }
    void client(std::string_view id, std::span<const std::uint32_t> numbers) override {
        clients.emplace_back(id);
        marks.insert(marks.end(), numbers.begin(), numbers.end());
    }
    void external(std::shared_ptr<mqtt::external_target> target) override {
        others.push_back(std::move(target));
    }
    void nobody(mqtt::reason code) override { refused = code; }
    bool forwarded() const override { return from_another_shard; }

    std::vector<std::string> clients;
    std::vector<std::uint32_t> marks;
    std::vector<std::shared_ptr<mqtt::external_target>> others;
    std::optional<mqtt::reason> refused;
    bool from_another_shard = false;
};

struct named_target : mqtt::external_target {
    named_target(endpoint who, std::span<const way_number> those)
        : end(std::move(who)), ways(those.begin(), those.end()) {}
    void deliver(const mqtt::publication&, const mqtt::receipt&) override {}
    endpoint end;
    std::vector<way_number> ways;
};

class group_policy_test : public ::testing::Test {
protected:
    group_policy_test() {
        set_table({{"1", thing("pump"), "t/#", thing("lamp")},
                   {"2", thing("pump"), "t/+", "cloud"},
                   {"3", counter, "f", thing("lamp")},
                   {"4", counter, "f", "cloud"}});
        rules_.admit({member("pump", pump_certificate), member("lamp", lamp_certificate)});
    }

    void set_table(const std::vector<contract::subscription>& subscriptions) {
        router_.set_table(routing_table::build(subscriptions).value());
    }
    static mqtt::client_identity with(const std::string& certificate) {
        mqtt::client_identity who;
        who.certificate_id = certificate;
        return who;
    }
    static mqtt::client_info client(const std::string& id, const std::string& certificate = "") {
        mqtt::client_info who;
        who.id = id;
        if (!certificate.empty()) {
            who.identity = with(certificate);
        }
        return who;
    }
    recorded_route route(const mqtt::client_info* from, const std::string& source,
                         const std::string& topic, bool forwarded = false) {
        recorded_route to;
        to.from_another_shard = forwarded;
        rules_.resolve(from, source, topic, to);
        return to;
    }
    std::uint64_t drops(drop_reason reason) const {
        return router_.drops()[static_cast<std::size_t>(reason)];
    }
    mqtt::reason admitted(const mqtt::client_identity& who, std::string_view id) {
        mqtt::connect_packet packet;
        packet.client_id = id;
        return rules_.admit(who, id, packet).code;
    }

    router router_{logger()};
    group_policy rules_{{true, mqtt::profile::full},
                        router_,
                        [](const endpoint& target, std::span<const way_number> ways) {
                            return std::make_shared<named_target>(target, ways);
                        },
                        logger()};
    const mqtt::client_info pump_ = client("pump", pump_certificate);
    const mqtt::client_info lamp_ = client("lamp", lamp_certificate);
};

TEST_F(group_policy_test, a_device_is_its_certificate_and_its_things_name) {
    EXPECT_TRUE(rules_.admits(pump_certificate));
    EXPECT_EQ(admitted(with(pump_certificate), "pump"), mqtt::reason::success);
    EXPECT_EQ(admitted(with(pump_certificate), "lamp"), mqtt::reason::client_identifier_not_valid);
    EXPECT_EQ(drops(drop_reason::client_id_not_thing), 1U);
    const std::string stranger(64, 'c');
    EXPECT_FALSE(rules_.admits(stranger));
    EXPECT_EQ(admitted(with(stranger), "pump"), mqtt::reason::not_authorized);
    EXPECT_EQ(admitted({}, "pump"), mqtt::reason::not_authorized);
    EXPECT_EQ(drops(drop_reason::certificate_not_in_group), 3U);
}

TEST_F(group_policy_test, a_client_without_an_id_is_its_certificates_thing) {
    EXPECT_EQ(rules_.assign_client_id(with(lamp_certificate)), "lamp");
    EXPECT_FALSE(rules_.knows(rules_.assign_client_id({})));
    mqtt::connect_packet packet;  // of 3.1.1, which has no way to tell the id
    EXPECT_EQ(rules_.admit(with(lamp_certificate), "lamp", packet).code,
              mqtt::reason::client_identifier_not_valid);
    packet.protocol_level = 5;
    EXPECT_EQ(rules_.admit(with(lamp_certificate), "lamp", packet).code, mqtt::reason::success);
}

TEST_F(group_policy_test, a_thing_whose_name_could_be_taken_for_another_source_is_left_out) {
    rules_.admit({member("function/f", pump_certificate)});
    EXPECT_FALSE(rules_.admits(pump_certificate));
}

TEST_F(group_policy_test, tells_who_has_to_go_after_a_deployment) {
    EXPECT_FALSE(rules_.is_gone(pump_));
    const std::string renewed(64, 'd');
    rules_.admit({member("pump", renewed)});
    EXPECT_TRUE(rules_.is_gone(lamp_));
    EXPECT_FALSE(rules_.is_gone(pump_));
    EXPECT_TRUE(rules_.has_old_certificate(pump_));
    EXPECT_FALSE(rules_.has_old_certificate(client("pump", renewed)));
    EXPECT_FALSE(rules_.has_old_certificate(client("pump")));  // kept, and away since the start
}

TEST_F(group_policy_test, a_devices_message_goes_to_the_tables_targets) {
    const auto to = route(&pump_, "pump", "t/x");
    EXPECT_THAT(to.clients, ElementsAre("lamp"));
    ASSERT_THAT(to.others, SizeIs(1));
    EXPECT_EQ(dynamic_cast<named_target&>(*to.others[0]).end.kind, endpoint_kind::cloud);
    EXPECT_EQ(to.refused, std::nullopt);
}

TEST_F(group_policy_test, another_shard_has_served_who_is_no_device) {
    const auto to = route(nullptr, "pump", "t/x", true);
    EXPECT_THAT(to.clients, ElementsAre("lamp"));
    EXPECT_THAT(to.others, IsEmpty());
}

TEST_F(group_policy_test, the_router_has_served_who_is_no_device_of_a_functions_message) {
    const auto to = route(nullptr, source_name({endpoint_kind::function, counter}), "f");
    EXPECT_THAT(to.clients, ElementsAre("lamp"));
    EXPECT_THAT(to.others, IsEmpty());
}

TEST_F(group_policy_test, a_message_without_a_route_is_refused_and_each_one_counted) {
    for (const auto* source : {"pump", "lamp"}) {
        const auto from = client(source);
        const auto to = route(&from, source, "elsewhere");
        EXPECT_EQ(to.refused, mqtt::reason::not_authorized);
        EXPECT_THAT(to.clients, IsEmpty());
        ASSERT_THAT(to.others, SizeIs(1));
        mqtt::publish_view view;
        view.topic = "elsewhere";
        const mqtt::publication message(view, source, {});
        to.others[0]->deliver(message, nullptr);
        to.others[0]->deliver(message, nullptr);
    }
    EXPECT_EQ(drops(drop_reason::subject_differs), 2U);
    EXPECT_EQ(drops(drop_reason::no_subscription), 2U);
    EXPECT_EQ(router_.last_drops().front().topic, "elsewhere");
}

TEST_F(group_policy_test, a_payload_over_the_limit_is_acknowledged_and_counted) {
    router_.set_max_message_bytes(10);
    mqtt::publish_view message;
    message.topic = "t/x";
    message.payload = "0123456789";
    EXPECT_EQ(rules_.may_publish(pump_, message).what, mqtt::publish_verdict::action::route);
    message.payload = "0123456789a";
    const auto verdict = rules_.may_publish(pump_, message);
    EXPECT_EQ(verdict.what, mqtt::publish_verdict::action::acknowledge);
    EXPECT_EQ(verdict.code, mqtt::reason::quota_exceeded);
    EXPECT_EQ(drops(drop_reason::message_too_large), 1U);
    EXPECT_EQ(router_.routed().published[0], 1U);
}

TEST_F(group_policy_test, a_filter_is_granted_when_something_can_reach_it) {
    mqtt::subscription_options wanted;
    wanted.level = mqtt::qos::exactly_once;
    EXPECT_EQ(rules_.may_subscribe(lamp_, "#", wanted, false), mqtt::reason::granted_qos_2);
    EXPECT_EQ(rules_.may_subscribe(lamp_, "f", wanted, true), mqtt::reason::granted_qos_2);
    EXPECT_EQ(rules_.may_subscribe(lamp_, "g", wanted, false), mqtt::reason::not_authorized);
    EXPECT_EQ(rules_.may_subscribe(pump_, "#", wanted, false), mqtt::reason::not_authorized);
}

TEST_F(group_policy_test, a_right_goes_with_the_table_and_the_generation_tells) {
    const auto before = rules_.generation();
    EXPECT_TRUE(rules_.may_receive(lamp_, "pump", "t/x"));
    EXPECT_FALSE(rules_.may_receive(pump_, "pump", "t/x"));
    EXPECT_TRUE(rules_.may_receive(lamp_, source_name({endpoint_kind::function, counter}), "f"));
    set_table({});
    EXPECT_NE(rules_.generation(), before);
    EXPECT_FALSE(rules_.may_receive(lamp_, "pump", "t/x"));
}

TEST_F(group_policy_test, counts_what_became_of_messages_by_kind) {
    rules_.routed("pump", &pump_, 2, {});
    rules_.routed("pump", nullptr, 1, {});  // another shard's part
    rules_.routed(source_name({endpoint_kind::cloud, ""}), nullptr, 1, {});
    const auto totals = router_.routed();
    EXPECT_EQ(totals.published[0], 1U);
    EXPECT_EQ(totals.delivered[0][0], 3U);
    EXPECT_EQ(totals.delivered[static_cast<std::size_t>(endpoint_kind::cloud)][0], 1U);
    rules_.lost(mqtt::loss::expired, "pump", "t/x", "lamp");
    rules_.lost(mqtt::loss::session_ended, "", "", "lamp");  // the message is not known any more
    EXPECT_EQ(drops(drop_reason::message_expired), 1U);
    EXPECT_EQ(drops(drop_reason::session_ended), 1U);
}

TEST_F(group_policy_test, a_subscription_counts_what_its_device_got_and_what_is_handed_over) {
    set_table({{"1", thing("pump"), "t/#", thing("lamp")},
               {"2", thing("pump"), "t/+", "cloud"},
               {"3", thing("pump"), "+/x", thing("lamp")},
               {"4", thing("pump"), "u", thing("lamp")}});
    const auto to = route(&pump_, "pump", "t/x");
    rules_.routed("pump", &pump_, 1, to.marks);
    rules_.routed("pump", &pump_, 0, to.marks);  // nobody got it
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 0U, 1U, 0U));
    // The way out of MQTT is counted where the message arrives.
    const auto& out = dynamic_cast<const named_target&>(*to.others.at(0));
    router_.own_lane().count_carried(out.ways);
    EXPECT_THAT(router_.carried().messages, ElementsAre(1U, 1U, 1U, 0U));
}

TEST_F(group_policy_test, without_certificates_the_client_id_alone_counts) {
    group_policy plain({false, mqtt::profile::v1}, router_, nullptr, logger());
    plain.admit({member("pump", pump_certificate)});
    mqtt::connect_packet packet;
    packet.client_id = "named";
    EXPECT_EQ(plain.admit({}, "pump", packet).code, mqtt::reason::success);
    EXPECT_EQ(plain.admit({}, "lamp", packet).code, mqtt::reason::client_identifier_not_valid);
    mqtt::subscription_options wanted;
    wanted.level = mqtt::qos::exactly_once;
    EXPECT_EQ(plain.may_subscribe(lamp_, "#", wanted, false), mqtt::reason::granted_qos_1);
}

TEST(source_name, is_read_back_as_the_end_it_was) {
    for (const auto& end : std::vector<endpoint>{{endpoint_kind::device, "pump"},
                                                 {endpoint_kind::device, "a:b_c-d"},
                                                 {endpoint_kind::function, counter},
                                                 {endpoint_kind::connector, "arn:x/y/z"},
                                                 {endpoint_kind::cloud, ""},
                                                 {endpoint_kind::shadow_service, ""}}) {
        EXPECT_EQ(source_end(source_name(end)), end) << source_name(end);
    }
    EXPECT_EQ(source_end("cloud"), (endpoint{endpoint_kind::device, "cloud"}));
}

// Meant for the `tsan` preset.
TEST_F(group_policy_test, threads_route_and_count_while_deployments_change_all) {
    constexpr int threads = 3;
    constexpr int rounds = 200;
    std::atomic<bool> stop{false};
    std::atomic<int> ready{0};
    std::atomic<std::uint64_t> routed{0};
    std::vector<std::thread> shards;
    for (int n = 0; n < threads; ++n) {
        shards.emplace_back([&] {
            for (bool first = true; first || !stop; first = false) {
                const auto to = route(&pump_, "pump", "t/x");
                EXPECT_THAT(to.clients, ElementsAre("lamp"));
                rules_.routed("pump", &pump_, 1, to.marks);
                ++routed;
                rules_.may_receive(lamp_, "pump", "t/x");
                rules_.lost(mqtt::loss::queue_full, "pump", "t/x", "lamp");
                EXPECT_EQ(admitted(with(lamp_certificate), "lamp"), mqtt::reason::success);
                ready += first ? 1 : 0;
            }
        });
    }
    while (ready < threads) {
        std::this_thread::yield();
    }
    for (int n = 0; n < rounds; ++n) {
        set_table({{"1", thing("pump"), "t/#", thing("lamp")}});
        rules_.admit({member("lamp", lamp_certificate), member("pump", pump_certificate)});
    }
    stop = true;
    for (auto& one : shards) {
        one.join();
    }
    EXPECT_EQ(router_.routed().published[0], routed);
    EXPECT_EQ(router_.routed().delivered[0][0], routed);
    EXPECT_THAT(router_.carried().messages, ElementsAre(routed.load()));
    EXPECT_EQ(drops(drop_reason::queue_full), routed);
}

}  // namespace
}  // namespace evergrass::edge

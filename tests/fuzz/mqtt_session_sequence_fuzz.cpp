#include "libs/mqtt/testing/world.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

// Well-formed packets with odd values, in any order, with time that passes, a journal that saves,
// or refuses, and a process that dies: against one client id's session. With MQTT_BROKER_TRACE=1
// all packets are written to stderr.
namespace {

using namespace evergrass::mqtt;
using namespace evergrass::mqtt::testing;

constexpr std::array<std::uint32_t, 8> odd_numbers{0, 1, 2, 10, 127, 3'600, 65'535, 0xFFFF'FFFF};
constexpr std::array<std::string_view, 10> topics{"t",    "t/u", "/",    "$SYS/x",   "a/b/c/d/e",
                                                  "$aws", "u",   "long", "t/u/v/w/", "x"};
constexpr std::array<std::string_view, 10> filters{
    "t", "#", "+/+", "$share/g/t", "$share/g/#", "t/#", "$SYS/#", "+", "$share/h/+/u", "/"};
constexpr std::array<reason, 6> reasons{
    reason::success,        reason::no_matching_subscribers, reason::unspecified_error,
    reason::not_authorized, reason::quota_exceeded,          reason::packet_identifier_in_use};

// What the input says.
class script {
public:
    script(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

    bool at_end() const { return at_ == end_; }
    unsigned next(unsigned below = 256) { return at_end() ? 0 : *at_++ % below; }
    bool flag() { return next(2) == 1; }
    template <class List>
    auto one_of(const List& list) {
        return list.at(next(static_cast<unsigned>(list.size())));
    }

private:
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

class player {
public:
    explicit player(script& input) : in_(input), all_({1, true, false, limits(input)}) {
        for (auto* each : {&one_, &other_}) {
            each->is_sane = false;
            if (std::getenv("MQTT_BROKER_TRACE") != nullptr) {
                each->trace = [](const std::string& line) { std::cerr << line << '\n'; };
            }
        }
        other_.connect(in_5());
        other_.subscribe("#", qos::exactly_once);
    }

    void step() {
        auto& client = in_.next(4) == 0 ? other_ : one_;
        switch (in_.next(18)) {
            case 0:
                return client.begin(connection());
            case 1:
                return client.take_over(connection());
            case 2:
                return client.cut();
            case 3:
                return disconnect(client);
            case 4:
            case 5:
                return subscribe(client);
            case 6:
                return void(client.has_link() ? client.unsubscribe(in_.one_of(filters)) : "");
            case 7:
                return acknowledge(client);
            case 8:
                return all_.advance(std::chrono::seconds(in_.one_of(odd_numbers) / 2));
            case 9:
                return all_.journal.save(all_.journal.durable() + in_.next(4));
            case 10:
                all_.journal.refuses = !all_.journal.refuses;
                return;
            case 11:
                return in_.next(8) == 0 ? crash() : all_.save();
            case 12:
                client.acknowledges = !client.acknowledges;
                return;
            case 13:
                client.reads = !client.reads;
                return;
            case 14:
                return change_rights();
            case 15:
                return close_some();
            default:
                return publish(client);
        }
    }

private:
    static server_options limits(script& in) {
        server_options options;
        const auto bits = in.next();
        options.max_inflight = static_cast<std::uint16_t>(1 + bits % 4);
        options.receive_maximum = static_cast<std::uint16_t>(1 + bits / 4 % 8);
        options.max_queued_bytes = bits >= 0x80 ? 50 : 100'000;
        options.max_retained = 3;
        options.max_filters = 4;
        options.max_keep_alive = bits % 3 == 0 ? 5 : 0;
        options.retained_by_source = bits % 5 == 0;
        options.hash_matches_parent = bits % 7 != 0;
        options.behaviour = bits == 77 ? profile::v1 : profile::full;
        return options;
    }
    connect_settings connection() {
        connect_settings settings;
        settings.version = in_.flag() ? protocol_version::v5 : protocol_version::v3_1_1;
        settings.clean = in_.next(4) == 0;
        settings.expiry = in_.one_of(odd_numbers);
        settings.receive_maximum = static_cast<std::uint16_t>(1 + in_.next(4));
        settings.alias_maximum = static_cast<std::uint16_t>(in_.next(3));
        settings.keep_alive = static_cast<std::uint16_t>(in_.one_of(odd_numbers));
        if (in_.next(8) == 0) {
            settings.max_packet = 1 + in_.next(60);
        }
        if (in_.flag()) {
            will_settings will{std::string(in_.one_of(topics)), "will"};
            will.level = static_cast<qos>(in_.next(3));
            will.retain = in_.flag();
            will.delay = in_.one_of(odd_numbers);
            will.expiry = in_.one_of(odd_numbers);
            settings.will = will;
        }
        return settings;
    }
    void disconnect(scripted_client& client) {
        if (!client.has_link()) {
            return;
        }
        if (in_.flag()) {
            client.disconnect(reason::success, in_.one_of(odd_numbers));
        } else {
            client.disconnect(in_.flag() ? reason::success : reason::disconnect_with_will);
        }
    }
    void subscribe(scripted_client& client) {
        if (!client.has_link()) {
            return;
        }
        std::vector<subscribe_packet::request> wanted(1 + in_.next(3));
        for (auto& each : wanted) {
            each.filter = in_.one_of(filters);
            each.options.level = static_cast<qos>(in_.next(3));
            each.options.no_local = in_.flag() && !each.filter.starts_with("$share");
            each.options.retain_as_published = in_.flag();
            each.options.retained = static_cast<retain_handling>(in_.next(3));
        }
        client.subscribe(wanted, in_.next(3));
    }
    void acknowledge(scripted_client& client) {
        constexpr std::array<packet_type, 4> types{packet_type::puback, packet_type::pubrec,
                                                   packet_type::pubrel, packet_type::pubcomp};
        const auto type = in_.one_of(types);
        const auto id = static_cast<std::uint16_t>(1 + in_.next(8));
        const bool first = type == packet_type::puback || type == packet_type::pubrec;
        if (client.has_link()) {
            client.ack(type, id, first ? in_.one_of(reasons) : reason::success);
        }
    }
    void publish(scripted_client& client) {
        if (!client.has_link()) {
            return;
        }
        publish_head head;
        head.topic = in_.one_of(topics);
        head.level = static_cast<qos>(in_.next(3));
        head.retain = in_.flag();
        head.duplicate = in_.flag() && head.level != qos::at_most_once;
        head.id = static_cast<std::uint16_t>(1 + in_.next(8));
        std::string properties;
        if (client.version() == protocol_version::v5) {
            if (in_.flag()) {
                head.message_expiry = in_.one_of(odd_numbers);
            }
            if (in_.flag()) {
                head.topic_alias = static_cast<std::uint16_t>(1 + in_.next(3));
                head.topic = in_.flag() ? head.topic : std::string_view();
            }
            put_user_property(properties, "k", "v");
            head.forwarded = in_.flag() ? std::string_view(properties) : std::string_view();
        }
        const std::string payload(in_.next(3) * 700, 'x');
        head.payload_bytes = payload.size();
        std::string bytes;
        encode_publish_head(bytes, client.version(), head);
        client.say(bytes + payload);
    }
    void crash() {
        const auto saved = all_.journal.durable();
        all_.crash(saved + in_.next(static_cast<unsigned>(all_.journal.last() - saved) % 200 + 1));
    }
    void change_rights() {
        const auto forbidden = in_.one_of(topics);
        all_.rules.set_rights([forbidden](auto, auto, auto topic) { return topic != forbidden; });
    }
    void close_some() {
        const bool end = in_.flag();
        all_.at(0).close_where([](const client_info& who) { return who.id == "one"; },
                               reason::administrative_action, "fuzzing", end);
        all_.settle();
    }

    script& in_;
    world all_;
    scripted_client& one_ = all_.client("one");
    scripted_client& other_ = all_.client("other");
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    script input(data, size);
    player one(input);
    for (int steps = 0; steps < 300 && !input.at_end(); ++steps) {
        one.step();
    }
    return 0;
}

#include "edge/config/mqtt_settings.hpp"

#include "edge/config/reading.hpp"
#include "libs/base/errors.hpp"

#include <array>
#include <utility>

namespace evergrass::edge {
namespace {

using contract::field_reader;

const std::vector<std::string_view> limit_members = {
    "messageBytes",      "topicBytes",           "inFlightMessages", "queueBytes",    "connections",
    "connectsPerSecond", "sessionExpirySeconds", "retainedMessages", "retainedBytes", "filters"};
const std::vector<std::string_view> tls_members = {"minimumVersion", "cipherSuites"};

// Room in a packet for what is neither payload nor topic: MQTT 5's properties.
constexpr std::size_t packet_overhead = 768;
// Below MQTT's 256 MiB a packet, by the longest topic and that room.
constexpr std::int64_t most_message_bytes = 268'000'000;

template <class T>
void read_limit(field_reader& in, std::string_view name, T& value, std::int64_t least,
                std::int64_t most) {
    value = static_cast<T>(read_in_range(in, name, static_cast<std::int64_t>(value), least, most));
}

result<void> read_limits(const json::object& object, core_config& config) {
    note_unknown(object, "mqttLimits", limit_members, config);
    field_reader in(object, "mqttLimits");
    auto& mqtt = config.mqtt;
    auto& limits = mqtt.limits;
    read_limit(in, "messageBytes", mqtt.message_bytes, 1, most_message_bytes);
    read_limit(in, "topicBytes", limits.max_topic_bytes, 1, 65'535);
    read_limit(in, "inFlightMessages", limits.receive_maximum, 1, 65'535);
    limits.max_inflight = limits.receive_maximum;
    read_limit(in, "queueBytes", limits.max_queued_bytes, 1'024, std::int64_t{1} << 40U);
    read_limit(in, "connections", limits.max_connections, 1, 1'000'000);
    read_limit(in, "connectsPerSecond", limits.connects_per_second, 0, 1'000'000);
    read_limit(in, "sessionExpirySeconds", limits.max_session_expiry, 0, 0xFFFF'FFFF);
    read_limit(in, "retainedMessages", limits.max_retained, 0, 100'000'000);
    read_limit(in, "retainedBytes", limits.max_retained_bytes, 0, std::int64_t{1} << 40U);
    read_limit(in, "filters", limits.max_filters, 1, 1'000'000);
    if (limits.max_queued_bytes < mqtt.message_bytes + limits.max_topic_bytes) {
        in.fail("queueBytes",
                "is " + std::to_string(limits.max_queued_bytes) +
                    ", in which a message of messageBytes + topicBytes has no room: raise it to " +
                    std::to_string(mqtt.message_bytes + limits.max_topic_bytes) +
                    " or more, or lower messageBytes");
    }
    limits.max_packet_bytes = mqtt.message_bytes + limits.max_topic_bytes + packet_overhead;
    limits.max_sessions = 2 * limits.max_connections;
    return in.outcome();
}

result<void> read_tls(const json::object& object, core_config& config) {
    note_unknown(object, "mqttTls", tls_members, config);
    field_reader in(object, "mqttTls");
    const std::array<std::pair<std::string_view, rt::tls_version>, 4> versions = {
        {{"1.0", rt::tls_version::tls_1_0},
         {"1.1", rt::tls_version::tls_1_1},
         {"1.2", rt::tls_version::tls_1_2},
         {"1.3", rt::tls_version::tls_1_3}}};
    const auto wanted = in.text("minimumVersion", "1.2");
    bool known = false;
    for (const auto& [name, version] : versions) {
        if (wanted == name) {
            config.mqtt.oldest_tls = version;
            known = true;
        }
    }
    if (!known) {
        in.fail("minimumVersion", "is '" + wanted +
                                      "'; allowed is \"1.0\", \"1.1\", \"1.2\" or \"1.3\". Devices "
                                      "that speak older ones only need the older one here");
    }
    if (const auto* suites = in.array("cipherSuites")) {
        for (const auto& suite : *suites) {
            const auto* name = suite.if_string();
            if (name == nullptr || name->empty() || name->find(':') != json::string::npos) {
                in.fail("cipherSuites",
                        "is not a list of names as OpenSSL has them, e.g. "
                        "\"ECDHE-RSA-AES128-GCM-SHA256\" (openssl ciphers -v lists them)");
                break;
            }
            auto& all = config.mqtt.cipher_suites;
            all += (all.empty() ? "" : ":") + std::string(*name);
        }
    }
    return in.outcome();
}

}  // namespace

result<void> read_mqtt(const json::object& top, core_config& config) {
    field_reader in(top, "");
    const auto profile = in.text("mqttProfile", "full");
    if (profile != "full" && profile != "v1") {
        in.fail("mqttProfile", "is '" + profile +
                                   "'; allowed is \"full\", and \"v1\" for what V1's local server "
                                   "did (docs/mqtt.md)");
    }
    config.mqtt.limits.behaviour = profile == "v1" ? mqtt::profile::v1 : mqtt::profile::full;
    config.mqtt.threads = static_cast<std::size_t>(read_in_range(in, "mqttThreads", 0, 0, 64));
    const auto* limits = in.object("mqttLimits");
    const auto* tls = in.object("mqttTls");
    if (!in.outcome()) {
        return in.outcome();
    }
    const json::object none;
    if (auto read = read_limits(limits != nullptr ? *limits : none, config); !read) {
        return read;
    }
    return tls != nullptr ? read_tls(*tls, config) : result<void>{};
}

}  // namespace evergrass::edge

#pragma once

#include "libs/mqtt/client_session.hpp"
#include "libs/mqtt/property.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A scripted server for tests of client_session: what the client sends is read back as words, what
// the server says is put together from packets.
namespace evergrass::mqtt::testing {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// "PUBLISH #1 q1 t=x", "SUBSCRIBE #2 a/# q1", "PUBREL #3 0x92", "DISCONNECT 0x82" ... Any packet of
// a client that a server would refuse reads as its fault.
class transcript {
public:
    explicit transcript(protocol_version version) : version_(version) {}

    std::vector<std::string> read(std::string_view bytes) const;

private:
    std::string describe(const frame& f) const;
    static std::string describe(const decoded<connect_packet>& p);
    static std::string describe(const decoded<publish_packet>& p);
    static std::string describe(const decoded<subscribe_packet>& p);
    static std::string describe(const decoded<unsubscribe_packet>& p);

    protocol_version version_;
};

class client_session_fixture : public ::testing::TestWithParam<protocol_version>,
                               public client_session_owner {
protected:
    client_session_fixture() { make(); }

    void on_connected() override { ++connects; }
    void on_message(const publish_view& m) override;

    client_session_options options() const;
    // A session with other options than options().
    void make(client_session_options o);
    void make() { make(options()); }

    std::string written();            // the bytes that the client has to send, which then have left
    std::vector<std::string> said();  // the same as words
    // Received as they are, a byte at a time too.
    void hear(std::string_view bytes) { session->receive(bytes, now); }
    void hear_connack(const connack_packet& p = {});
    void hear_ack(packet_type type, std::uint16_t id, reason code = reason::success,
                  std::string_view words = {});
    void hear_publish(std::uint16_t id, qos level, std::string_view topic, std::string_view payload,
                      bool duplicate = false);
    void hear_suback(std::uint16_t id, int code);
    void hear_unsuback(std::uint16_t id, reason code = reason::success);

    // Opens a connection, which the server accepts; CONNECT is taken out of what was said.
    void connect(const connack_packet& p = {});
    // The connection is cut, and a new one opened.
    void reconnect(bool session_present);

    send_result publish(std::string payload, publish_options o, std::string topic = "t");
    send_result publish(std::string payload, qos level) {
        publish_options o;
        o.level = level;
        return publish(std::move(payload), o);
    }
    void subscribe(std::string filter, qos level = qos::at_least_once);
    void subscribe(std::string filter, subscribe_options o);
    void unsubscribe(std::string filter);

    bool speaks_5() const { return version == protocol_version::v5; }

    protocol_version version = GetParam();
    mono_time now{1000s};
    std::optional<client_session> session;
    int connects = 0;
    std::vector<std::string> messages;            // "t=x"
    std::vector<received_properties> properties;  // of each
    std::vector<std::string> answers;             // to publish, subscribe and unsubscribe
};

inline std::string version_name(const ::testing::TestParamInfo<protocol_version>& each) {
    return each.param == protocol_version::v5 ? "v5" : "v3_1_1";
}

}  // namespace evergrass::mqtt::testing

#define EVERGRASS_BOTH_VERSIONS(suite)                                                          \
    INSTANTIATE_TEST_SUITE_P(both, suite,                                                       \
                             ::testing::Values(protocol_version::v3_1_1, protocol_version::v5), \
                             testing::version_name)
#define EVERGRASS_VERSION_5(suite)                                                    \
    INSTANTIATE_TEST_SUITE_P(version, suite, ::testing::Values(protocol_version::v5), \
                             testing::version_name)

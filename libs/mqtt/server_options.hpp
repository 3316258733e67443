#pragma once

#include "libs/mqtt/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace evergrass::mqtt {

enum class profile {
    full,
    v1,  // 3.1.1 only, delivery at QoS 0, nothing retained, no session outlives its connection
};

// Limits of a server; what happens at each is in docs/mqtt.md. Defaults are V1's where it had one.
struct server_options {
    profile behaviour = profile::full;
    std::size_t max_packet_bytes = 128 * 1024 + 1024;  // V1: 128 KB a message (spec/core.md §26)
    std::size_t max_topic_bytes = 256;                 // spec/core.md §26
    std::size_t max_topic_levels = 128;
    std::size_t max_filters = 1'000;  // of one session
    // What waits for one client: unsent, or sent and unacknowledged; topics, payloads and
    // properties.
    std::size_t max_queued_bytes = 4 * 1024 * 1024;
    std::uint16_t receive_maximum = 100;     // QoS 1 and 2 that a client may have under way to us
    std::uint16_t max_inflight = 100;        // and we to a client that allows more
    std::uint16_t topic_alias_maximum = 16;  // in each direction
    std::uint16_t max_keep_alive = 0;        // seconds; 0: as the client wants
    std::uint32_t max_session_expiry = 0xFFFF'FFFF;  // seconds
    std::size_t max_retained = 100'000;              // messages
    std::size_t max_retained_bytes = 64 * 1024 * 1024;
    std::size_t max_connections = 10'000;
    std::size_t max_sessions = 20'000;      // connected or kept
    std::uint32_t connects_per_second = 0;  // 0: no limit; more wait in the listen backlog
    std::size_t max_handshakes = 256;       // at once; more wait in the listen backlog
    std::chrono::milliseconds connect_timeout{10'000};  // from accept to CONNECT, TLS included
    // Higher than this: 5.0 is told so in CONNACK [MQTT-3.2.2-9], a PUBLISH above it ends the
    // connection (5.0: qos_not_supported [MQTT-3.2.2-11]) and a subscription gets this much.
    qos maximum_qos = qos::exactly_once;
    // False: `a/#` does not match `a`, as AWS IoT has it (spec/cloud.md §4.1), against
    // [MQTT-4.7.1-2].
    bool hash_matches_parent = true;
    // False: a filter with wildcards gets no retained messages when it is subscribed to, as AWS IoT
    // has it (spec/cloud.md §4.1).
    bool retained_for_wildcards = true;
    // False: a topic has one retained message, the last, whoever sent it [MQTT-3.3.1-5]. True: the
    // last of each source, so that what one source may say to a client is not hidden by what
    // another said; for policies whose may_receive() looks at the source.
    bool retained_by_source = false;
    // True: what clients publish with the flag is retained by server::take_in() alone, in the order
    // that all servers have it.
    bool retained_elsewhere = false;
    // True: wills are kept and published by the journal's owner: session_journal::will_begun().
    bool wills_elsewhere = false;
};

}  // namespace evergrass::mqtt

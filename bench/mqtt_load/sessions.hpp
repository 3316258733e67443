#pragma once

#include "bench/mqtt_load/client.hpp"

#include <boost/json/object.hpp>

#include <sys/types.h>

namespace mqtt_load {

// Opens `count` connections, some at a time, prints {"event":"held"} with a newline, holds them
// until standard input ends, and then has each answer a PINGREQ. Throws std::runtime_error when one
// is refused or did not live so long.
boost::json::object hold_connections(const target& to, std::size_t count);

// One device after the other connects (TCP, TLS, CONNECT), and leaves. With `resume`, one full
// handshake comes before, and each is offered the newest session; `resumed` in the result says how
// often the broker took it. `broker` as in traffic_options.
boost::json::object repeat_handshakes(const target& to, std::size_t count, bool resume,
                                      pid_t broker);

}  // namespace mqtt_load

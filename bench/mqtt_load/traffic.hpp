#pragma once

#include "bench/mqtt_load/client.hpp"
#include "bench/mqtt_load/histogram.hpp"
#include "bench/mqtt_load/payload.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace mqtt_load {

// Who sends to whom. Publisher i is device 2i, subscriber i is device 2i + 1.
enum class shape {
    pairs,    // publisher i to subscriber i, topic bench/pair/i
    fan_out,  // publisher 0 to all, topic bench/all
    fan_in,   // all to subscriber 0, topics bench/in/i, filter bench/in/+
};

struct traffic_options {
    shape form = shape::pairs;
    std::size_t clients = 1;  // pairs, or the ends on the wide side
    std::uint8_t qos = 0;
    std::size_t payload_size = 64;
    std::size_t batch = 32;      // messages a write
    std::size_t window = 512;    // most messages a publisher is ahead of its slowest receiver
    std::size_t inflight = 128;  // QoS 1: most messages a publisher has without their PUBACK
    // Messages a second of all publishers together, each due at its own time and sent alone
    // whatever became of those before (open loop); the window does not count. 0: as fast as the
    // window lets.
    double rate = 0;
    // With messages == 0 the counters begin after warm_up and end after `seconds` more. With
    // messages > 0 each publisher sends so many, and all of them count.
    double warm_up = 0.3;
    double seconds = 2;
    std::uint64_t messages = 0;
    pid_t broker = 0;  // whose CPU time is read; 0: not read
};

// Sends, receives and checks. The result has the counters, `ok` (false with any fault) and the
// faults. Throws std::runtime_error when the broker refuses or closes a connection.
boost::json::object run_traffic(const target& to, const traffic_options& options);

}  // namespace mqtt_load

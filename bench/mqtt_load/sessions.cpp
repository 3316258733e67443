#include "bench/mqtt_load/sessions.hpp"

#include "bench/mqtt_load/in_parallel.hpp"
#include "bench/mqtt_load/process_cpu.hpp"

#include <boost/json/serialize.hpp>

#include <iostream>
#include <string>

namespace mqtt_load {

boost::json::object hold_connections(const target& to, std::size_t count) {
    const auto began = now_nanoseconds();
    std::vector<std::unique_ptr<client>> held(count);
    in_parallel(count, [&](std::size_t i) { held[i] = std::make_unique<client>(to, i); });
    const auto took = static_cast<double>(now_nanoseconds() - began) / 1e9;
    std::cout << boost::json::serialize(boost::json::object{{"event", "held"}}) << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
    }
    for (auto& c : held) {
        c->ping();
    }
    return {{"ok", true}, {"connections", held.size()}, {"seconds", took}};
}

boost::json::object repeat_handshakes(const target& to, std::size_t count, bool resume,
                                      pid_t broker) {
    session_ptr session;
    if (resume) {
        client first(to, 0);
        first.disconnect();
        session = to.tls->take_session();
    }
    std::size_t resumed = 0;
    const auto cpu_before = cpu_nanoseconds(broker);
    const auto began = now_nanoseconds();
    for (std::size_t i = 0; i < count; ++i) {
        client next(to, 0, session.get());
        next.disconnect();
        resumed += next.resumed() ? 1 : 0;
        if (resume) {
            if (auto newer = to.tls->take_session()) {
                session = std::move(newer);
            }
        }
    }
    const auto took = static_cast<double>(now_nanoseconds() - began);
    const auto cpu = static_cast<double>(cpu_nanoseconds(broker) - cpu_before);
    const auto all = static_cast<double>(count);
    return {{"ok", true},
            {"handshakes", count},
            {"resumed", resumed},
            {"handshakes_per_second", all / (took / 1e9)},
            {"broker_cpu_us", cpu / 1e3 / all}};
}

}  // namespace mqtt_load

#include "libs/mqtt/testing/history.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>

// Several clients at once, which race at every step of their flows: the input chooses what happens
// next. The rules that are held against it are history's. With MQTT_BROKER_TRACE=1 all packets are
// written to stderr.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    using namespace evergrass::mqtt::testing;
    const auto* const end = data + size;
    history_settings settings;
    const unsigned kind = *data++ % 4;
    settings.shards = kind == 1 || kind == 3 ? 3 : 1;
    settings.journal = kind >= 2;
    settings.crashes = kind == 2;
    settings.limits = *data++;
    settings.roll = [&data, end](unsigned below) {
        return below == 0 || data == end ? 0 : *data++ % below;
    };
    if (std::getenv("MQTT_BROKER_TRACE") != nullptr) {
        settings.trace = [](const std::string& line) { std::cerr << line << '\n'; };
    }
    history one(settings);
    for (int steps = 0; steps < 400 && data != end; ++steps) {
        one.step();
    }
    one.finish();
    return 0;
}

#include "libs/mqtt/testing/world.hpp"

#include <cstdint>
#include <string_view>

namespace {

using namespace evergrass::mqtt;
using namespace evergrass::mqtt::testing;

// As the first packet says, so that the answers are read in the right way.
connect_settings settings_of(std::string_view input) {
    connect_settings settings;
    const auto first = next_frame(input, input.size());
    if (!first || !*first || (*first)->type != packet_type::connect) {
        return settings;
    }
    if (connect_level(**first) == 5) {
        settings.version = protocol_version::v5;
    }
    if (const auto p = decode_connect(**first); p && settings.version == protocol_version::v5) {
        settings.max_packet = p->maximum_packet_size;
        settings.alias_maximum = p->topic_alias_maximum;
    }
    return settings;
}

}  // namespace

// Any bytes of one client of an open broker. The first byte says how the rest is cut into reads
// (its lower seven bits) and whether there is a journal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t step = (data[0] & 0x7FU) == 0 ? size : data[0] & 0x7FU;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    world_settings settings;
    settings.journal = data[0] >= 0x80;
    world all(settings);
    auto& client = all.client("fuzz");
    client.is_sane = false;
    client.open_only(settings_of(input));
    for (std::size_t at = 0; at < input.size() && client.has_link(); at += step) {
        client.say(input.substr(at, step));
    }
    client.cut();
    all.advance(std::chrono::hours(1));
    return 0;
}

#include "edge/config/reading.hpp"

namespace evergrass::edge {

result<void> read_spooler(const json::object& top, core_config& config) {
    contract::field_reader in(top, "");
    const auto* spooler = in.object("spooler");
    if (spooler == nullptr) {
        return in.outcome();
    }
    note_unknown(*spooler, "spooler", {"inFlightMessages"}, config);
    contract::field_reader inner(*spooler, "spooler");
    // AWS IoT Core has at most 100 of a connection under way.
    config.cloud_messages_in_flight =
        static_cast<std::size_t>(read_in_range(inner, "inFlightMessages", 100, 1, 10'000));
    return inner.outcome();
}

}  // namespace evergrass::edge

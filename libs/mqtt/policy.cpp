#include "libs/mqtt/policy.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

namespace evergrass::mqtt {

std::string_view to_string(loss why) {
    switch (why) {
        case loss::not_connected:
            return "not connected";
        case loss::not_subscribed:
            return "not subscribed";
        case loss::queue_full:
            return "queue full";
        case loss::session_ended:
            return "session ended";
        case loss::expired:
            return "expired";
        case loss::packet_too_large:
            return "packet too large";
        case loss::not_permitted:
            return "not permitted";
        case loss::not_stored:
            return "not stored";
    }
    return "?";
}

// Not to be guessed, so that nobody takes the session over; 22 letters and digits, which every
// server takes [MQTT-3.1.3-5].
std::string policy::assign_client_id(const client_identity&) {
    return "auto" + hex_encode(random_bytes(9));
}

void policy::connected(const client_info&, bool) {}
void policy::disconnected(const client_info&, bool, std::string_view) {}
void policy::subscribed(const client_info&, std::span<const std::string_view>) {}
void policy::unsubscribed(const client_info&, std::span<const std::string_view>) {}
void policy::lost(loss, std::string_view, std::string_view, std::string_view) {}
void policy::routed(std::string_view, const client_info*, std::size_t,
                    std::span<const std::uint32_t>) {}

}  // namespace evergrass::mqtt

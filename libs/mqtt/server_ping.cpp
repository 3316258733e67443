#include "libs/mqtt/server_session.hpp"

// PINGREQ -> PINGRESP.
namespace evergrass::mqtt {

void server_session::handle_pingreq(const frame& f) {
    if (const auto p = decode_empty(f); !p) {
        return violation(p.error());
    }
    encode_empty(output_.tail(), packet_type::pingresp);
}

}  // namespace evergrass::mqtt

#include "libs/mqtt/server_link.hpp"

namespace evergrass::mqtt {

// Not behind replies that are held: it says that the connection lives, and nothing else.
void server_link::handle_pingreq(const frame& f) {
    if (const auto checked = decode_empty(f); !checked) {
        violation(checked.error());
        return;
    }
    encode_empty(output_.tail(), packet_type::pingresp);
    tell();
}

}  // namespace evergrass::mqtt

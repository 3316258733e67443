#include "libs/mqtt/server_link.hpp"

#include <algorithm>

namespace evergrass::mqtt {

void server_link::handle_disconnect(const frame& f) {
    const auto p = decode_disconnect(f, version_);
    if (!p) {
        violation(p.error());
        return;
    }
    if (p->session_expiry) {
        if (asked_expiry_ == 0 && *p->session_expiry > 0) {
            violation(
                reason::protocol_error,
                "DISCONNECT sets a session expiry after none was asked for [MQTT5 3.14.2.2.2]");
            return;
        }
        session_->expiry_seconds = std::min(*p->session_expiry, max_expiry_);
    }
    // 0x04 is a farewell that wants the will published; so are all failures [MQTT-3.14.4-3].
    const bool clean = p->code == reason::success;
    if (clean) {
        will_.reset();
    }
    end(clean, clean ? "the client said goodbye" : to_string(p->code));
    closing_ = true;
    tell();
}

// No enhanced authentication is offered, so AUTH has no place [MQTT-4.12.0-6].
void server_link::handle_auth(const frame& f) {
    if (const auto p = decode_auth(f, version_); !p) {
        violation(p.error());
        return;
    }
    violation(reason::protocol_error, "AUTH without an authentication method [MQTT-4.12.0-6]");
}

}  // namespace evergrass::mqtt

#include "libs/mqtt/server_session.hpp"

#include <algorithm>

// SUBSCRIBE -> SUBACK and UNSUBSCRIBE -> UNSUBACK.
namespace evergrass::mqtt {

void server_session::handle_subscribe(const frame& f) {
    const auto p = decode_subscribe(f);
    if (!p) {
        return violation(p.error());
    }
    for (const auto& request : p->requests) {
        if (!within_topic_limits(f.type, request.filter)) {
            return;
        }
    }
    std::string codes;
    for (const auto& request : p->requests) {
        const auto wanted = std::min(request.wanted, qos::at_least_once);
        const auto granted = owner_.on_subscribe(request.filter, wanted);
        if (closed()) {
            return;
        }
        codes.push_back(static_cast<char>(
            granted ? static_cast<std::uint8_t>(std::min(*granted, wanted)) : suback_failure));
    }
    encode_suback(output_.tail(), p->id, codes);
}

void server_session::handle_unsubscribe(const frame& f) {
    const auto p = decode_unsubscribe(f);
    if (!p) {
        return violation(p.error());
    }
    for (const auto filter : p->filters) {
        owner_.on_unsubscribe(filter);
        if (closed()) {
            return;
        }
    }
    encode_packet_id(output_.tail(), packet_type::unsuback, p->id);
}

}  // namespace evergrass::mqtt

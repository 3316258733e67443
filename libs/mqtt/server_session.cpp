#include "libs/mqtt/server_session.hpp"

#include "libs/base/errors.hpp"

namespace evergrass::mqtt {

server_session::server_session(const server_options& options, server_session_owner& owner,
                               mono_time opened)
    : options_(options), owner_(owner), last_received_(opened) {}

std::size_t server_session::receive(std::string_view received, mono_time now) {
    std::size_t used = 0;
    while (!closed()) {
        const auto next = next_frame(received.substr(used), options_.max_packet_bytes);
        if (!next) {
            violation(next.error());
            break;
        }
        if (!*next) {
            break;
        }
        used += (*next)->size;
        last_received_ = now;
        handle(**next);
    }
    return used;
}

void server_session::handle(const frame& f) {
    if (!connected_ && f.type != packet_type::connect) {
        violation({errc::invalid_input,
                   std::string(to_string(f.type)) + " came before CONNECT [MQTT-3.1.0-1]"});
        return;
    }
    switch (f.type) {
        case packet_type::connect:
            return handle_connect(f);
        case packet_type::publish:
            return handle_publish(f);
        case packet_type::puback:
            return handle_puback(f);
        case packet_type::subscribe:
            return handle_subscribe(f);
        case packet_type::unsubscribe:
            return handle_unsubscribe(f);
        case packet_type::pingreq:
            return handle_pingreq(f);
        case packet_type::disconnect:
            return handle_disconnect(f);
        case packet_type::pubrec:
        case packet_type::pubrel:
        case packet_type::pubcomp:
            return violation({errc::unsupported, std::string(to_string(f.type)) +
                                                     " belongs to QoS 2, which is not supported"});
        case packet_type::connack:
        case packet_type::suback:
        case packet_type::unsuback:
        case packet_type::pingresp:
            return violation({errc::invalid_input, std::string(to_string(f.type)) +
                                                       " is for servers to send [MQTT-2.2.1]"});
    }
}

mono_time server_session::deadline() const {
    if (!connected_) {
        return last_received_ + options_.connect_timeout;
    }
    if (info_.keep_alive_seconds == 0) {
        return mono_time::max();
    }
    // One and a half times the keep-alive [MQTT-3.1.2-24].
    return last_received_ + std::chrono::milliseconds(1500) * info_.keep_alive_seconds;
}

void server_session::on_time(mono_time now) {
    if (closed() || now < deadline()) {
        return;
    }
    if (connected_) {
        close(close_cause::timeout, "nothing came for one and a half times the keep-alive of " +
                                        std::to_string(info_.keep_alive_seconds) +
                                        " s [MQTT-3.1.2-24]");
    } else {
        close(close_cause::timeout,
              "no CONNECT within " + std::to_string(options_.connect_timeout.count()) + " ms");
    }
}

void server_session::close(close_cause cause, std::string_view reason) {
    if (!closed()) {
        cause_ = cause;
        reason_ = reason;
    }
}

void server_session::violation(const error& why) {
    close(close_cause::violation, why.context);
}

}  // namespace evergrass::mqtt

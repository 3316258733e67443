#include "libs/base/errors.hpp"
#include "libs/mqtt/server_session.hpp"

// CONNECT -> CONNACK, and DISCONNECT.
namespace evergrass::mqtt {
namespace {

connect_info to_info(const connect_packet& p) {
    connect_info info;
    info.client_id = p.client_id;
    info.clean_session = p.clean_session;
    info.keep_alive_seconds = p.keep_alive_seconds;
    info.user_name = p.user_name;
    info.password = p.password;
    if (p.will) {
        info.will = will_message{std::string(p.will->topic), std::string(p.will->payload),
                                 p.will->level, p.will->retain};
    }
    return info;
}

std::string version_name(std::uint8_t level) {
    switch (level) {
        case 3:
            return "3.1";
        case 5:
            return "5.0";
        default:
            return "of protocol level " + std::to_string(level);
    }
}

}  // namespace

void server_session::handle_connect(const frame& f) {
    if (connected_) {
        return violation({errc::invalid_input, "CONNECT came a second time [MQTT-3.1.0-2]"});
    }
    const auto p = decode_connect(f);
    if (!p) {
        return violation(p.error());
    }
    if (p->protocol_level != static_cast<std::uint8_t>(protocol_version::v3_1_1)) {
        return refuse_version(p->protocol_level);
    }
    if (p->will && !within_topic_limits(f.type, p->will->topic)) {
        return;
    }
    info_ = to_info(*p);
    if (info_.client_id.empty()) {
        if (!info_.clean_session) {
            return refuse(connect_code::identifier_rejected,
                          "a client without an id asked for a session to be kept [MQTT-3.1.3-8]");
        }
        info_.client_id = owner_.make_client_id();
    }
    // CONNACK is written first, so that the owner may publish from within on_connect and the client
    // still gets it as the first packet [MQTT-3.2.0-1].
    connected_ = true;
    encode_connack(output_.tail(), protocol_version::v3_1_1, {});
    const auto code = owner_.on_connect(info_);
    if (code != connect_code::accepted) {
        connected_ = false;
        output_.clear();
        refuse(code, "the CONNECT was refused");
    }
}

void server_session::refuse(connect_code code, std::string_view reason) {
    encode_connack(output_.tail(), protocol_version::v3_1_1,
                   {false, static_cast<std::uint8_t>(code)});
    close(close_cause::violation,
          std::string(reason) + " with CONNACK code " + std::to_string(static_cast<int>(code)));
}

void server_session::refuse_version(std::uint8_t level) {
    // [MQTT-3.1.2-2]; a 5.0 client reads the answer in its own layout.
    if (level == static_cast<std::uint8_t>(protocol_version::v5)) {
        encode_connack(output_.tail(), protocol_version::v5,
                       {false, v5_unsupported_protocol_version});
    } else {
        encode_connack(
            output_.tail(), protocol_version::v3_1_1,
            {false, static_cast<std::uint8_t>(connect_code::unacceptable_protocol_version)});
    }
    close(close_cause::violation,
          "the client speaks MQTT " + version_name(level) + "; set it to 3.1.1 [MQTT-3.1.2-2]");
}

void server_session::handle_disconnect(const frame& f) {
    if (const auto p = decode_empty(f); !p) {
        return violation(p.error());
    }
    close(close_cause::disconnect_packet, "the client disconnected");
}

}  // namespace evergrass::mqtt

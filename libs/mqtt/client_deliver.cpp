#include "libs/mqtt/client_session.hpp"

#include <string>

// PUBLISH from the server -> PUBACK, or PUBREC -> PUBREL -> PUBCOMP: a message is handed over when
// it comes, and with QoS 2 its packet identifier is remembered until the server has released it.
namespace evergrass::mqtt {

void client_session::handle_publish(const frame& f) {
    auto p = decode_publish(f, options_.version, sender::server);
    if (!p) {
        return fail(p.error());
    }
    if (!resolve_alias(*p)) {
        return;
    }
    if (p->message.level == qos::exactly_once) {
        return take_exactly_once(*p);
    }
    owner_.on_message(p->message);
    if (p->message.level == qos::at_least_once && connected()) {
        encode_ack(output_.tail(), options_.version, packet_type::puback, p->id);
    }
}

// False: the connection has failed.
bool client_session::resolve_alias(publish_packet& p) {
    if (p.topic_alias == 0) {
        return true;
    }
    if (p.topic_alias > options_.topic_alias_maximum) {
        fail(reason::topic_alias_invalid,
             "PUBLISH has the topic alias " + std::to_string(p.topic_alias) + "; " +
                 std::to_string(options_.topic_alias_maximum) + " is the highest [MQTT-3.1.2-26]");
        return false;
    }
    if (server_aliases_.size() < p.topic_alias) {
        server_aliases_.resize(p.topic_alias);
    }
    auto& topic = server_aliases_[p.topic_alias - 1];
    if (!p.message.topic.empty()) {
        topic = p.message.topic;
        return true;
    }
    if (topic.empty()) {
        fail(reason::protocol_error, "PUBLISH has the topic alias " +
                                         std::to_string(p.topic_alias) +
                                         ", which stands for no topic (MQTT5 3.3.2.3.4)");
        return false;
    }
    p.message.topic = topic;
    return true;
}

void client_session::take_exactly_once(const publish_packet& p) {
    if (!unreleased_.contains(p.id)) {
        if (speaks_5() && unreleased_.size() >= options_.receive_maximum) {
            return fail(reason::receive_maximum_exceeded,
                        "the server sends more than " + std::to_string(options_.receive_maximum) +
                            " messages at once [MQTT-3.3.4-9]");
        }
        unreleased_.insert(p.id);
        owner_.on_message(p.message);
    }
    if (connected()) {
        encode_ack(output_.tail(), options_.version, packet_type::pubrec, p.id);
    }
}

void client_session::handle_pubrel(const frame& f) {
    const auto p = decode_ack(f, options_.version);
    if (!p) {
        return fail(p.error());
    }
    const bool known = unreleased_.erase(p->id) > 0;
    encode_ack(output_.tail(), options_.version, packet_type::pubcomp, p->id,
               known ? reason::success : reason::packet_identifier_not_found);
}

}  // namespace evergrass::mqtt

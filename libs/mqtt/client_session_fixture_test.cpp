#include "libs/mqtt/client_session_fixture.hpp"

#include "libs/base/encoding.hpp"

namespace evergrass::mqtt::testing {
namespace {

std::string code_text(reason code) {
    return code == reason::success ? ""
                                   : " 0x" + hex_encode(std::string(1, static_cast<char>(code)));
}

std::string level_text(qos level) {
    return " q" + std::to_string(static_cast<int>(level));
}

std::string options_text(const subscription_options& o) {
    auto text = level_text(o.level);
    text += o.no_local ? " no-local" : "";
    text += o.retain_as_published ? " as-published" : "";
    text += o.retained == retain_handling::send_at_subscribe
                ? ""
                : " retained-" + std::to_string(static_cast<int>(o.retained));
    return text;
}

std::string properties_text(const received_properties& p) {
    std::string text;
    text += p.utf8_payload ? " utf8" : "";
    text += p.expiry ? " expiry=" + std::to_string(*p.expiry) : "";
    text += p.content_type.empty() ? "" : " type=" + p.content_type;
    text += p.response_topic.empty() ? "" : " response=" + p.response_topic;
    text += p.correlation_data.empty() ? "" : " correlation=" + p.correlation_data;
    for (const auto& [name, value] : p.user) {
        text += " " + name + ":" + value;
    }
    return text;
}

}  // namespace

std::vector<std::string> transcript::read(std::string_view bytes) const {
    std::vector<std::string> packets;
    while (!bytes.empty()) {
        const auto next = next_frame(bytes, SIZE_MAX);
        if (!next || !*next) {
            packets.push_back("broken: " + (next ? "cut short" : next.error().what));
            break;
        }
        packets.push_back(std::string(to_string((*next)->type)) + describe(**next));
        bytes.remove_prefix((*next)->size);
    }
    return packets;
}

std::string transcript::describe(const frame& f) const {
    switch (f.type) {
        case packet_type::connect:
            return describe(decode_connect(f));
        case packet_type::publish:
            return describe(decode_publish(f, version_));
        case packet_type::subscribe:
            return describe(decode_subscribe(f, version_));
        case packet_type::unsubscribe:
            return describe(decode_unsubscribe(f, version_));
        case packet_type::disconnect: {
            const auto p = decode_disconnect(f, version_);
            return p ? code_text(p->code) : " broken: " + p.error().what;
        }
        case packet_type::pingreq:
            return decode_empty(f) ? "" : " broken";
        default: {
            const auto p = decode_ack(f, version_);
            return p ? " #" + std::to_string(p->id) + code_text(p->code)
                     : " broken: " + p.error().what;
        }
    }
}

std::string transcript::describe(const decoded<connect_packet>& p) {
    if (!p) {
        return " broken: " + p.error().what;
    }
    std::string text = " " + std::string(p->client_id) + (p->clean_start ? " clean" : "");
    text += " keep-alive=" + std::to_string(p->keep_alive_seconds);
    if (p->user_name) {
        text += " " + std::string(*p->user_name) + ":" + std::string(p->password.value_or("-"));
    }
    if (p->will) {
        text += " will" + level_text(p->will->level) + (p->will->retain ? " retain" : "") + " " +
                std::string(p->will->topic) + "=" + std::string(p->will->payload) +
                " delay=" + std::to_string(p->will->delay_seconds) +
                properties_text(read_properties(p->will->properties));
    }
    if (p->version() == protocol_version::v5) {
        text += " expiry=" + std::to_string(p->session_expiry) +
                " receive=" + std::to_string(p->receive_maximum) +
                " size=" + std::to_string(p->maximum_packet_size.value_or(0)) +
                " aliases=" + std::to_string(p->topic_alias_maximum) +
                properties_text(read_properties(p->properties));
    }
    return text;
}

std::string transcript::describe(const decoded<publish_packet>& p) {
    if (!p) {
        return " broken: " + p.error().what;
    }
    const auto& m = p->message;
    std::string text = p->id == 0 ? "" : " #" + std::to_string(p->id);
    text += level_text(m.level);
    text += m.retain ? " retain" : "";
    text += m.duplicate ? " dup" : "";
    text += p->topic_alias == 0 ? "" : " alias=" + std::to_string(p->topic_alias);
    return text + " " + std::string(m.topic) + "=" + std::string(m.payload) +
           properties_text(read_properties(m.properties));
}

std::string transcript::describe(const decoded<subscribe_packet>& p) {
    if (!p) {
        return " broken: " + p.error().what;
    }
    auto text = " #" + std::to_string(p->id);
    for (const auto& each : p->requests) {
        text += " " + std::string(each.filter) + options_text(each.options);
    }
    return text + (p->subscription_id == 0 ? "" : " id=" + std::to_string(p->subscription_id));
}

std::string transcript::describe(const decoded<unsubscribe_packet>& p) {
    return p ? " #" + std::to_string(p->id) + " " + std::string(p->filters.at(0))
             : " broken: " + p.error().what;
}

void client_session_fixture::on_message(const publish_view& m) {
    messages.push_back(std::string(m.topic) + "=" + std::string(m.payload));
    properties.push_back(read_properties(m.properties));
}

client_session_options client_session_fixture::options() const {
    client_session_options o;
    o.version = version;
    o.client_id = "x";
    o.keep_alive = 40s;
    o.max_inflight = 2;
    o.max_queued_bytes = 1'000;
    return o;
}

void client_session_fixture::make(client_session_options o) {
    session.emplace(std::move(o), *this);
}

std::string client_session_fixture::written() {
    std::string all;
    for (auto piece = session->output().begin_write(); !piece.empty();
         piece = session->output().begin_write()) {
        all += piece;
        session->written(now);
    }
    return all;
}

std::vector<std::string> client_session_fixture::said() {
    return transcript(version).read(written());
}

void client_session_fixture::hear_connack(const connack_packet& p) {
    std::string bytes;
    encode_connack(bytes, version, p);
    hear(bytes);
}

void client_session_fixture::hear_ack(packet_type type, std::uint16_t id, reason code,
                                      std::string_view words) {
    std::string bytes;
    encode_ack(bytes, version, type, id, code, words);
    hear(bytes);
}

void client_session_fixture::hear_publish(std::uint16_t id, qos level, std::string_view topic,
                                          std::string_view payload, bool duplicate) {
    publish_head head;
    head.topic = topic;
    head.payload_bytes = payload.size();
    head.level = level;
    head.id = id;
    head.duplicate = duplicate;
    std::string bytes;
    encode_publish_head(bytes, version, head);
    bytes += payload;
    hear(bytes);
}

void client_session_fixture::hear_suback(std::uint16_t id, int code) {
    std::string bytes;
    encode_suback(bytes, version, id, std::string(1, static_cast<char>(code)));
    hear(bytes);
}

void client_session_fixture::hear_unsuback(std::uint16_t id, reason code) {
    std::string bytes;
    encode_unsuback(bytes, version, id, std::string(1, static_cast<char>(code)));
    hear(bytes);
}

void client_session_fixture::connect(const connack_packet& p) {
    session->opened(now);
    written();
    hear_connack(p);
    ASSERT_TRUE(session->connected()) << session->failure();
}

void client_session_fixture::reconnect(bool session_present) {
    session->lost("tested");
    connack_packet p;
    p.session_present = session_present;
    connect(p);
}

send_result client_session_fixture::publish(std::string payload, publish_options o,
                                            std::string topic) {
    return session->publish(
        std::move(topic), std::make_shared<const std::string>(std::move(payload)), std::move(o),
        [this](const result<acknowledgement>& r) {
            answers.push_back(r ? "done" + code_text(r->code) : r.error().message());
        },
        now);
}

void client_session_fixture::subscribe(std::string filter, subscribe_options o) {
    session->subscribe(
        std::move(filter), o,
        [this](const result<qos>& r) {
            answers.push_back(r ? "granted" + level_text(*r) : r.error().message());
        },
        now);
}

void client_session_fixture::subscribe(std::string filter, qos level) {
    subscribe_options o;
    o.options.level = level;
    subscribe(std::move(filter), o);
}

void client_session_fixture::unsubscribe(std::string filter) {
    session->unsubscribe(
        filter,
        [this](const result<void>& r) { answers.push_back(r ? "ended" : r.error().message()); },
        now);
}

}  // namespace evergrass::mqtt::testing

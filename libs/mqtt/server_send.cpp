#include "libs/mqtt/broker_state.hpp"
#include "libs/mqtt/server_link.hpp"

// PUBLISH and PUBREL to a client, as bytes.
namespace evergrass::mqtt {

// --- frame_cache ------------------------------------------------------------------------------

const frame_cache::bytes& frame_cache::get(protocol_version version, qos level, bool retain) {
    auto& one = all_[version == protocol_version::v5 ? 1 : 0][static_cast<std::size_t>(level)]
                    [retain ? 1 : 0];
    if (one.made) {
        return one;
    }
    publish_head head;
    head.topic = message_.topic();
    head.payload_bytes = message_.payload().size();
    head.level = level;
    head.retain = retain;
    head.id = level == qos::at_most_once ? 0 : 1;
    if (version == protocol_version::v5) {
        head.message_expiry = message_.expiry_left();
        head.forwarded = message_.forwarded();
    }
    one.packet_bytes = publish_size(version, head);
    encode_publish_head(one.head, version, head);
    if (level != qos::at_most_once) {
        // Behind the fixed header and the topic.
        const auto length_bytes = one.packet_bytes <= 2 + 127U         ? 1U
                                  : one.packet_bytes <= 3 + 16'383U    ? 2U
                                  : one.packet_bytes <= 4 + 2'097'151U ? 3U
                                                                       : 4U;
        one.id_at = 1 + length_bytes + 2 + head.topic.size();
    }
    if (message_.payload().size() <= outbox::max_copied_payload) {
        one.head += message_.payload();
    }
    one.made = true;
    return one;
}

// --- server_link: what goes out -----------------------------------------------------------------

bool server_link::send(const publication& message, frame_cache* frames, const sending& how) {
    const bool as_others =
        frames != nullptr && how.ids == nullptr && !how.duplicate && alias_maximum_ == 0;
    if (!(as_others ? append_frame(*frames, how) : append_message(message, how))) {
        return false;
    }
    if (message.payload().size() > outbox::max_copied_payload) {
        output_.append_payload(message.shared_payload());
    }
    tell();
    return true;
}

bool server_link::append_frame(frame_cache& frames, const sending& how) {
    const auto& frame = frames.get(version_, how.level, how.retain);
    if (frame.packet_bytes > max_packet_) {
        return false;
    }
    auto& tail = output_.tail();
    const auto start = tail.size();
    tail += frame.head;
    if (frame.id_at != 0) {
        tail[start + frame.id_at] = static_cast<char>(how.packet_id >> 8U);
        tail[start + frame.id_at + 1] = static_cast<char>(how.packet_id & 0xFFU);
    }
    return true;
}

bool server_link::append_message(const publication& message, const sending& how) {
    publish_head head;
    head.topic = message.topic();
    head.payload_bytes = message.payload().size();
    head.level = how.level;
    head.retain = how.retain;
    head.duplicate = how.duplicate;
    head.id = how.packet_id;
    if (is_v5()) {
        head.message_expiry = message.expiry_left();
        head.forwarded = message.forwarded();
        head.subscription_ids = how.ids;
        if (alias_maximum_ != 0) {
            use_alias(head);
        }
    }
    auto& tail = output_.tail();
    if (!encode_publish_head(tail, version_, head, max_packet_)) {
        return false;
    }
    if (head.payload_bytes <= outbox::max_copied_payload) {
        tail += message.payload();
    }
    return true;
}

// The topics that come first get the aliases that the client allows; they are not given anew, since
// most clients hear of few topics again and again. A packet that the client cannot take has none.
void server_link::use_alias(publish_head& head) {
    constexpr std::size_t least_worth = 8;  // bytes of a topic: the property costs three
    if (head.topic.size() < least_worth) {
        return;
    }
    if (!aliases_out_) {
        aliases_out_ = std::make_unique<text_map<std::uint16_t>>();
    }
    if (const auto known = aliases_out_->find(head.topic); known != aliases_out_->end()) {
        head.topic_alias = known->second;
        head.topic = {};
        return;
    }
    if (aliases_out_->size() >= alias_maximum_) {
        return;
    }
    head.topic_alias = static_cast<std::uint16_t>(aliases_out_->size() + 1);
    if (publish_size(version_, head) > max_packet_) {
        head.topic_alias = 0;
        return;
    }
    aliases_out_->emplace(std::string(head.topic), head.topic_alias);
}

void server_link::send_pubrel(std::uint16_t packet_id) {
    encode_ack(output_.tail(), version_, packet_type::pubrel, packet_id);
    tell();
}

}  // namespace evergrass::mqtt

#include "libs/mqtt/server_link.hpp"

#include <utility>

namespace evergrass::mqtt {
namespace {

// Answers that wait for the journal; a client that sends more is not read until they are said.
constexpr std::size_t max_held_replies = 1'024;

}  // namespace

reply_receipt::~reply_receipt() {
    if (!needless) {
        mesh.post(shard, [of = link, number = ticket](broker& home) { home.complete(of, number); });
    }
}

server_link::server_link(broker::implementation& shard, link_owner& owner, client_identity who,
                         std::string client_id, bool assigned)
    : shard_(shard),
      owner_(owner),
      serial_(++shard.last_serial),
      identity_(std::move(who)),
      client_id_(std::move(client_id)),
      assigned_(assigned),
      last_received_(shard.now) {
    shard_.links.emplace(serial_, this);
}

server_link::~server_link() {
    transport_closed("the connection was closed");
}

void server_link::tell() {
    if (!receiving_ && !std::exchange(told_, true)) {
        owner_.changed();
    }
}

bool server_link::wants_input() const {
    return !closing_ && !(accepted_ && !ready_) && held_.size() < max_held_replies &&
           output_.size() <= shard_.shared.options.max_queued_bytes;
}

std::size_t server_link::receive(std::string_view received) {
    std::size_t used = 0;
    receiving_ = true;  // what it causes is told once, when all is done
    const bool said_before = output_.size() > 0;
    while (wants_input()) {
        const auto next = next_frame(received.substr(used), shard_.shared.options.max_packet_bytes);
        if (!next) {
            violation(next.error());
            break;
        }
        if (!*next) {
            break;
        }
        used += (*next)->size;
        last_received_ = shard_.now;  // packets count, and not bytes that make none
        handle(**next);
    }
    receiving_ = false;
    if (closing_ || !wants_input() || output_.size() > 0 || said_before) {
        tell();
    }
    return used;
}

void server_link::handle(const frame& f) {
    if (accepted_ && f.type == packet_type::publish) [[likely]] {
        handle_publish(f);
    } else if (accepted_) {
        handle_other(f);
    } else if (f.type == packet_type::connect) {
        handle_connect(f);
    } else {
        refuse_packet(f.type, " came before CONNECT [MQTT-3.1.0-1]");
    }
}

void server_link::refuse_packet(packet_type type, std::string_view why) {
    violation(reason::protocol_error, std::string(to_string(type)).append(why));
}

void server_link::handle_other(const frame& f) {
    switch (f.type) {
        case packet_type::puback:
            return handle_puback(f);
        case packet_type::pubrec:
            return handle_pubrec(f);
        case packet_type::pubrel:
            return handle_pubrel(f);
        case packet_type::pubcomp:
            return handle_pubcomp(f);
        case packet_type::subscribe:
            return handle_subscribe(f);
        case packet_type::unsubscribe:
            return handle_unsubscribe(f);
        case packet_type::pingreq:
            return handle_pingreq(f);
        case packet_type::disconnect:
            return handle_disconnect(f);
        case packet_type::auth:
            return handle_auth(f);
        case packet_type::connect:
            return refuse_packet(f.type, " came a second time [MQTT-3.1.0-2]");
        case packet_type::publish:  // handle()
        case packet_type::connack:
        case packet_type::suback:
        case packet_type::unsuback:
        case packet_type::pingresp:
            break;
    }
    refuse_packet(f.type, " is not for a client to send");
}

// --- replies ------------------------------------------------------------------------------------

std::shared_ptr<reply_receipt> server_link::make_receipt() {
    return std::make_shared<reply_receipt>(shard_.shared.mesh, shard_.shard, serial_,
                                           first_ticket_ + held_.size());
}

std::shared_ptr<reply_receipt> server_link::make_receipt_if_journaled() {
    return shard_.shared.journal == nullptr ? nullptr : make_receipt();
}

void server_link::reply(std::string_view bytes, std::shared_ptr<reply_receipt> until,
                        reply_kind kind) {
    if (bytes.size() > max_packet_) {  // CONNACK, or SUBACK or UNSUBACK of many filters
        close(reason::packet_too_large,
              "an answer is larger than the client takes [MQTT-3.1.2-24]");
        return;
    }
    // With the only copy here, nobody else can be waited for.
    if (until && until.use_count() == 1) {
        until->needless = true;
        until.reset();
    }
    if (!until && held_.empty()) {
        output_.tail() += bytes;
        tell();
        said(kind);
        return;
    }
    held_.push_back({std::string(bytes), until == nullptr, kind});
}

void server_link::said(reply_kind kind) {
    if (kind == reply_kind::connack) {
        ready_ = true;
    } else if (kind == reply_kind::completes && under_way_ > 0) {
        --under_way_;
    }
}

void server_link::complete(std::uint64_t ticket) {
    if (ticket < first_ticket_ || ticket - first_ticket_ >= held_.size()) {
        return;
    }
    held_[ticket - first_ticket_].done = true;
    release_replies();
}

void server_link::release_replies() {
    const bool was_ready = ready_;
    std::size_t count = 0;
    for (; count < held_.size() && held_[count].done; ++count) {
        output_.tail() += held_[count].bytes;
        said(held_[count].kind);
    }
    if (count == 0) {
        return;
    }
    first_ticket_ += count;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    if (ready_ && !was_ready) {
        shard_.drain(*session_);
    }
    tell();
}

// --- the end ------------------------------------------------------------------------------------

void server_link::violation(const fault& why) {
    shard_.shared.log.warn(
        "An MQTT client broke the protocol.",
        {{"clientId", client_id_}, {"remote", identity_.remote_address}, {"reason", why.what}});
    close(why.code, why.what);
}

void server_link::close(reason code, std::string_view why) {
    if (closing_) {
        return;
    }
    if (ready_) {
        // Nothing that is held may be said any more: what it would confirm is not yet true.
        encode_disconnect(output_.tail(), version_, code,
                          problem_information_ ? why : std::string_view(), {}, max_packet_);
    }
    end(false, why);
    closing_ = true;
    tell();
}

void server_link::end(bool clean, std::string_view why) {
    if (why_.empty()) {
        why_ = why;
    }
    held_.clear();
    if (const auto at = std::exchange(silence_at_, std::nullopt)) {
        shard_.disarm_silence(*at, serial_);
    }
    if (auto* const which = std::exchange(session_, nullptr)) {
        shard_.leave(*which, *this, clean, why);
    }
    last_route_.reset();
}

void server_link::transport_closed(std::string_view why) {
    end(false, why);
    closing_ = true;
    shard_.links.erase(serial_);
}

void server_link::check_silence() {
    silence_at_.reset();
    if (closing_ || keep_alive_ == 0) {
        return;
    }
    const auto patience = std::chrono::milliseconds(keep_alive_ * 1'500);
    if (!held_.empty()) {
        last_received_ = shard_.now;  // perhaps we don't read, and it waits for our answer
    }
    const auto limit = last_received_ + patience;
    if (shard_.now >= limit) {
        close(reason::keep_alive_timeout,
              "nothing came for one and a half times the keep alive [MQTT-3.1.2-24]");
        return;
    }
    silence_at_ = limit;
    shard_.arm_silence(limit, serial_);
}

}  // namespace evergrass::mqtt

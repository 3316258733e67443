#include "libs/mqtt/visitor.hpp"

#include "libs/mqtt/codec.hpp"

#include <utility>

namespace evergrass::mqtt {

visitor::visitor(visitor_host& host, channel socket, client_identity who, std::uint16_t port,
                 bool websocket, std::size_t max_packet_bytes)
    : host_(host),
      socket_(std::move(socket)),
      who_(std::move(who)),
      port_(port),
      websocket_(websocket),
      stage_(socket_.tls() != nullptr ? stage::handshake
             : websocket              ? stage::upgrade
                                      : stage::connect),
      max_packet_bytes_(max_packet_bytes) {}

visitor::~visitor() {
    drop();
}

void visitor::drop() {
    if (watch_ != 0) {
        host_.loop().unwatch(std::exchange(watch_, 0));
    }
    socket_.close();
}

bool visitor::start(std::string received) {
    received_ = std::move(received);
    watch_ = host_.loop().watch(socket_.socket(), *this);
    if (watch_ == 0) {
        return false;
    }
    if (who_.websocket) {  // whoever handed it over has answered the upgrade
        socket_.use_web();
        const auto inside = socket_.unframe(received_);
        received_.resize(inside.second);
        if (inside.after == channel::state::closed) {
            leave();
            return true;
        }
    }
    if (!received_.empty()) {
        advance();
    }
    return true;
}

channel visitor::take_socket() {
    host_.loop().unwatch(std::exchange(watch_, 0));
    return std::move(socket_);
}

void visitor::ready(bool readable, bool writable) {
    if (writable && blocked_ && !write()) {
        return;
    }
    if (readable) {
        read();
    }
}

void visitor::read() {
    switch (stage_) {
        case stage::handshake:
            return shake_hands();
        case stage::upgrade:
        case stage::connect: {
            auto& io = host_.io();
            return take(socket_.read(io, {}, {io.plain.get(), io_buffers::plain_size},
                                     io_buffers::usual_read));
        }
        case stage::leaving:
            if (!socket_.read_away(host_.io())) {
                go();
            }
    }
}

void visitor::shake_hands() {
    const auto state = socket_.shake_hands(host_.io());
    if (state == channel::handshake::failed) {
        const auto why = socket_.why();
        write();  // the alert
        host_.handshake_ended(*this, why);
        return leave();
    }
    if (state == channel::handshake::done) {
        stage_ = websocket_ ? stage::upgrade : stage::connect;
        who_.certificate_id = socket_.tls()->peer_certificate_id();
        host_.handshake_ended(*this, {});
    }
    if (!write()) {
        return;
    }
    if (state == channel::handshake::done) {
        auto& io = host_.io();
        take(socket_.read_rest(io, {io.plain.get(), io_buffers::plain_size}));
    }
}

void visitor::take(const channel::read_result& got) {
    received_.append(host_.io().plain.get(), got.second);
    if (got.after == channel::state::closed) {
        // What it said before may still be a CONNECT, but nobody is there to be told anything.
        return socket_.has_unsent() ? leave() : go();
    }
    if (socket_.has_unsent() && !write()) {
        return;
    }
    if (got.second > 0) {
        advance();
    }
}

void visitor::advance() {
    if (stage_ == stage::upgrade) {
        upgrade();
    } else {
        connect();
    }
}

void visitor::upgrade() {
    auto request = read_upgrade(received_);
    switch (request.what) {
        case upgrade_request::verdict::incomplete:
            return;
        case upgrade_request::verdict::refused:
            socket_.say(host_.io(), request.answer);
            host_.upgrade_refused(*this, request.why);
            return leave();
        case upgrade_request::verdict::accepted:
            break;
    }
    socket_.say(host_.io(), request.answer);
    socket_.use_web();
    who_.websocket = true;
    stage_ = stage::connect;
    received_.erase(0, request.size);
    const auto inside = socket_.unframe(received_);
    received_.resize(inside.second);
    if (inside.after == channel::state::closed) {
        return leave();
    }
    if (write() && !received_.empty()) {
        connect();
    }
}

void visitor::connect() {
    const auto first = next_frame(received_, max_packet_bytes_);
    if (first && !*first) {
        return;
    }
    // What is no CONNECT, or a bad one, is answered by the link that gets it.
    if (first && (*first)->type == packet_type::connect) {
        if (const auto packet = decode_connect(**first)) {
            client_id.emplace(packet->client_id);
        }
    }
    host_.arrived(*this);
}

// False: it is gone.
bool visitor::write() {
    outbox nothing;
    const auto state = socket_.write(host_.io(), nothing);
    if (state == channel::state::closed && stage_ != stage::handshake) {
        go();
        return false;
    }
    blocked_ = state == channel::state::blocked;
    host_.loop().want(watch_, true, blocked_);
    return true;
}

// Closing at once, with bytes of the client unread, would send a reset that overtakes the answer.
void visitor::leave() {
    const bool in_handshake = std::exchange(stage_, stage::leaving) == stage::handshake;
    if (!in_handshake) {
        socket_.say_goodbye(host_.io());
    }
    outbox nothing;
    socket_.write(host_.io(), nothing);
    socket_.shut();
    host_.leaving(*this, in_handshake);
}

void visitor::go() {
    host_.gone(*this);
}

}  // namespace evergrass::mqtt

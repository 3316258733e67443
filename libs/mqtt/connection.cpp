#include "libs/mqtt/connection.hpp"

#include "libs/mqtt/codec.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::mqtt {
namespace {

// Up to this size what is left of a read is copied in front of the next one; a larger packet is
// read to where it stays.
constexpr std::size_t small_packet = 8 * 1024;

}  // namespace

// --- connection_set -----------------------------------------------------------------------------

connection_set::connection_set(rt::reactor& loop) : loop_(loop) {}

connection_set::~connection_set() {
    for (const auto& each : all_) {
        each->end();
    }
}

void connection_set::add(channel socket, std::string_view received, const link_maker& open) {
    auto fresh = std::make_unique<connection>(*this, std::move(socket));
    auto& it = *fresh;
    it.index_ = all_.size();
    all_.push_back(std::move(fresh));
    if (!it.start(received, open)) {
        it.end();
    }
}

std::size_t connection_set::flush() {
    // What one's end brings to another is written too.
    while (!changed_.empty()) {
        flushing_.swap(changed_);
        for (auto* each : flushing_) {
            each->flush();
        }
        flushing_.clear();
    }
    for (auto* each : ended_) {
        const auto index = each->index_;
        std::swap(all_[index], all_.back());
        all_[index]->index_ = index;
        all_.pop_back();
    }
    const auto count = ended_.size();
    ended_.clear();
    return count;
}

// --- connection: the beginning, and reading -----------------------------------------------------

connection::connection(connection_set& home, channel socket)
    : home_(home), channel_(std::move(socket)) {}

connection::~connection() = default;

bool connection::start(std::string_view received, const connection_set::link_maker& open) {
    watch_ = home_.loop_.watch(channel_.socket(), *this);
    if (watch_ == 0) {
        return false;
    }
    link_ = open(*this);
    link_->output().use_pool(&home_.io_.pool);
    keep(feed(received));
    changed();
    return true;
}

void connection::changed() {
    if (!std::exchange(listed_, true)) {
        home_.changed_.push_back(this);
    }
}

void connection::ready(bool readable, bool writable) {
    if (ended_) {
        return;
    }
    if (writable && std::exchange(blocked_, false)) {
        changed();
    }
    if (!readable) {
        return;
    }
    if (lingering_) {
        read_away();
    } else if (!reading_) {
        peer_ended();  // nothing was asked for: this is a hang-up
    } else if (link_ && link_->wants_input()) {
        read();
    }
}

// What the link takes; the rest is returned.
std::string_view connection::feed(std::string_view bytes) {
    return bytes.empty() ? bytes : bytes.substr(link_->receive(bytes));
}

void connection::keep(std::string_view bytes) {
    held_ = !link_->wants_input();
    rest_.assign(bytes);
    announced_ = announced_size(rest_.view()).value_or(0);
}

void connection::read() {
    channel::state after{};
    if (announced_ > small_packet) {
        large_packets_ = true;
        after = read_large(announced_);
    } else {
        after = read_small();
    }
    if (channel_.has_unsent()) {
        changed();
    }
    if (after == channel::state::closed) {
        peer_ended();
    }
}

// What was left of the last read, and this one's bytes behind it, in the shared buffer.
channel::state connection::read_small() {
    auto& io = home_.io_;
    auto* const begin = io.plain.get();
    const auto before = rest_.size();
    const auto at_most = large_packets_ ? io_buffers::large_read : io_buffers::usual_read;
    const auto got =
        channel_.read(io, {}, std::span(begin + before, io_buffers::plain_size - before), at_most);
    if (got.second == 0) {
        return got.after;
    }
    if (before + got.second < announced_) {
        rest_.append({begin + before, got.second});
        return got.after;
    }
    std::copy_n(rest_.view().data(), before, begin);
    keep(feed({begin, before + got.second}));
    return got.after;
}

// The rest of a packet to where its beginning is, and what comes behind it to the shared buffer.
channel::state connection::read_large(std::size_t whole) {
    auto& io = home_.io_;
    const std::span shared(io.plain.get(), io_buffers::plain_size);
    const auto got = channel_.read(io, rest_.room(whole), shared, io_buffers::large_read);
    rest_.filled(got.first);
    std::string_view behind(shared.data(), got.second);
    const auto fitting = std::min(behind.size(), whole - rest_.size());
    if (fitting > 0) {
        rest_.append(behind.substr(0, fitting));
        behind.remove_prefix(fitting);
    }
    if (rest_.size() < whole) {
        return got.after;
    }
    if (feed(rest_.view()).empty()) {
        keep(feed(behind));
    } else {
        held_ = true;
        rest_.append(behind);
    }
    return got.after;
}

// What the link did not want when it came.
void connection::feed_rest() {
    if (held_ && link_->wants_input()) {
        keep(feed(rest_.view()));
    }
}

// --- writing, and the end -----------------------------------------------------------------------

void connection::flush() {
    listed_ = false;
    if (ended_) {
        return;
    }
    write();
    if (ended_) {
        return;
    }
    if (link_) {
        link_->looked();
        feed_rest();
        if (link_->closing()) {
            rest_.clear();
            if (!blocked_ && link_->output().empty()) {
                begin_end();
            } else {
                arm_limit();
            }
        }
    }
    if (ending_ && !blocked_ && !lingering_ && !ended_) {
        linger();
    }
    if (!ended_) {
        reading_ = lingering_ || (link_ && link_->wants_input());
        home_.loop_.want(watch_, reading_, blocked_);
    }
}

void connection::write() {
    if (blocked_) {
        return;
    }
    outbox nothing;
    auto& out = link_ ? link_->output() : nothing;
    if (out.empty() && !channel_.has_unsent()) {
        out.clear();
        return;
    }
    switch (channel_.write(home_.io_, out)) {
        case channel::state::open:
            return;
        case channel::state::blocked:
            blocked_ = true;
            if (ending_) {
                arm_limit();  // anew: it goes on
            }
            return;
        case channel::state::closed:
            if (link_) {
                link_->transport_closed(channel_.why());
            }
            end();
    }
}

void connection::peer_ended() {
    if (link_) {
        link_->transport_closed(channel_.why());
        link_.reset();
    }
    rest_.clear();
    if (ending_ || !channel_.has_unsent()) {
        end();
        return;
    }
    // The transport has something to say about it: an alert, a close frame.
    ending_ = true;
    channel_.say_goodbye(home_.io_);
    arm_limit();
    changed();
}

void connection::begin_end() {
    ending_ = true;
    channel_.say_goodbye(home_.io_);
    link_.reset();
    arm_limit();
    write();
}

void connection::linger() {
    if (home_.lingering_ >= connection_set::max_lingering) {
        end();
        return;
    }
    channel_.shut();
    lingering_ = true;
    ++home_.lingering_;
    arm_limit();
}

void connection::arm_limit() {
    if (!limit_) {
        limit_ = std::make_unique<rt::timer>(home_.loop_, [this] { end(); });
    }
    limit_->at(home_.loop_.now() + connection_set::linger_limit);
}

void connection::read_away() {
    if (!channel_.read_away(home_.io_)) {
        end();
    }
}

void connection::end() {
    if (std::exchange(ended_, true)) {
        return;
    }
    if (watch_ != 0) {
        home_.loop_.unwatch(watch_);
    }
    channel_.close();
    link_.reset();
    rest_.clear();
    limit_.reset();
    if (lingering_) {
        --home_.lingering_;
    }
    home_.ended_.push_back(this);
}

}  // namespace evergrass::mqtt

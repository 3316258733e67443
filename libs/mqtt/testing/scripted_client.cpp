#include "libs/mqtt/testing/scripted_client.hpp"

#include <algorithm>

namespace evergrass::mqtt::testing {
namespace {

connect_packet packet_of(const connect_settings& with) {
    connect_packet p;
    p.protocol_level = static_cast<std::uint8_t>(with.version);
    p.clean_start = with.clean;
    p.keep_alive_seconds = with.keep_alive;
    p.session_expiry = with.expiry;
    p.receive_maximum = with.receive_maximum;
    p.maximum_packet_size = with.max_packet;
    p.topic_alias_maximum = with.alias_maximum;
    p.request_problem_information = with.problem_information;
    if (with.will) {
        auto& w = p.will.emplace();
        w.topic = with.will->topic;
        w.payload = with.will->payload;
        w.level = with.will->level;
        w.retain = with.will->retain;
        w.delay_seconds = with.will->delay;
        w.message_expiry = with.will->expiry;
    }
    return p;
}

}  // namespace

connect_settings kept(protocol_version version) {
    connect_settings settings{version, false};
    settings.expiry = 3'600;
    return settings;
}

connect_settings in_5(connect_settings settings) {
    settings.version = protocol_version::v5;
    return settings;
}

scripted_client::scripted_client(std::string id, opener open, std::function<void()> settle)
    : id_(std::move(id)), open_(std::move(open)), settle_(std::move(settle)) {}

void scripted_client::port::changed() {
    if (std::exchange(told, true)) {
        throw broken_rule("the owner was told twice");
    }
}

// --- The connection ------------------------------------------------------------------------------

void scripted_client::open_connection(const connect_settings& with) {
    note(" -> ", with.clean ? "CONNECT" : "CONNECT kept");
    link_.reset();
    to_server_.clear();
    with_ = with;
    version_ = with.version;
    left_ = ready_ = goodbye_ = false;
    inbox_.clear();
    aliases_.clear();
    asked_.clear();
    connack_.clear();
    released_here_.clear();
    for (auto& one : in_) {
        one.here = false;
    }
    port_ = std::make_unique<port>();
    link_ = open_(*port_, id_);
}

std::string scripted_client::connect(const connect_settings& with) {
    begin(with);
    return connack_;
}

void scripted_client::begin(const connect_settings& with) {
    open_connection(with);
    // What was before is forgotten, whether the answer comes or not. One that is not sane can't
    // know whether its session has ended meanwhile.
    if (with.clean || !is_sane) {
        in_.clear();
        released_.clear();
    }
    auto p = packet_of(with_);
    p.client_id = id_;
    std::string bytes;
    encode_connect(bytes, p);
    say(bytes);
}

void scripted_client::take_over(const connect_settings& with) {
    former_link_ = std::move(link_);
    former_port_ = std::move(port_);
    begin(with);
}

void scripted_client::cut() {
    note(" -> ", "cut");
    link_.reset();
    to_server_.clear();
    if (settles) {
        settle_();
    }
}

void scripted_client::forget_link() {
    link_.reset();
    former_link_.reset();
    to_server_.clear();
}

bool scripted_client::pump() {
    if (former_link_ && former_link_->closing()) {
        former_link_.reset();
    }
    if (!link_) {
        return false;
    }
    bool moved = false;
    if (!to_server_.empty() && link_->wants_input()) {
        const auto used = link_->receive(to_server_);
        if (used > to_server_.size()) {
            throw broken_rule("more was used than there was");
        }
        to_server_.erase(0, used);
        moved = used > 0;
    }
    return read() || moved;
}

// --- What it says --------------------------------------------------------------------------------

void scripted_client::say(std::string_view bytes) {
    to_server_ += bytes;
    if (settles) {
        settle_();
    }
}

std::deque<std::uint16_t>& scripted_client::waiting_for_answer(qos level) {
    return level == qos::at_least_once ? puback_order_ : pubrec_order_;
}

std::uint16_t scripted_client::next_id(qos level) {
    if (level == qos::at_most_once) {
        return 0;
    }
    const auto taken = [&](std::uint16_t id) {
        return std::any_of(out_.begin(), out_.end(), [&](const auto& o) { return o.id == id; });
    };
    do {
        last_id_ = static_cast<std::uint16_t>(last_id_ % 65'535 + 1);
    } while (taken(last_id_));
    return last_id_;
}

void scripted_client::write(std::string& bytes, const outgoing& one, bool duplicate) const {
    publish_head head;
    head.topic = one.topic;
    head.payload_bytes = one.payload.size();
    head.level = one.level;
    head.retain = one.how.retain;
    head.duplicate = duplicate;
    head.id = one.id;
    head.topic_alias = one.how.alias;
    head.message_expiry = one.how.expiry;
    head.forwarded = one.how.properties;
    encode_publish_head(bytes, version_, head);
    bytes += one.payload;
}

std::uint16_t scripted_client::publish(std::string_view topic, std::string_view payload, qos level,
                                       const publish_settings& how) {
    outgoing next{next_id(level), std::string(topic), std::string(payload), level, how};
    const auto id = next.id;
    note(" -> ", "PUBLISH " + std::to_string(id) + " " + next.topic + " " + next.payload + " q" +
                     std::to_string(static_cast<int>(level)));
    std::string bytes;
    write(bytes, next, false);
    if (level != qos::at_most_once) {
        waiting_for_answer(level).push_back(id);
        out_.push_back(std::move(next));
    }
    say(bytes);
    return id;
}

std::string scripted_client::subscribe(std::string_view filter, qos level,
                                       std::uint32_t subscription_id) {
    subscription_options options;
    options.level = level;
    return subscribe({{filter, options}}, subscription_id);
}

std::string scripted_client::subscribe(std::vector<subscribe_packet::request> requests,
                                       std::uint32_t subscription_id) {
    subscribe_packet p;
    p.id = next_id(qos::at_least_once);
    p.requests = std::move(requests);
    p.subscription_id = subscription_id;
    note(" -> ", "SUBSCRIBE " + std::string(p.requests.front().filter) + " " +
                     std::to_string(static_cast<int>(p.requests.front().options.level)));
    asked_.push_back({packet_type::suback, p.id, p.requests.size()});
    std::string bytes;
    encode_subscribe(bytes, version_, p);
    codes_.clear();
    say(bytes);
    return codes_;
}

std::string scripted_client::unsubscribe(std::string_view filter) {
    const auto id = next_id(qos::at_least_once);
    note(" -> ", "UNSUBSCRIBE " + std::string(filter));
    asked_.push_back({packet_type::unsuback, id, 1});
    std::string bytes;
    encode_unsubscribe(bytes, version_, id, filter);
    codes_.clear();
    say(bytes);
    return codes_;
}

void scripted_client::ack(packet_type type, std::uint16_t id, reason code) {
    std::string bytes;
    encode_ack(bytes, version_, type, id, code);
    note_ack(type, id, code);
    say(bytes);
}

// What its state is once it has said this.
void scripted_client::note_ack(packet_type type, std::uint16_t id, reason code) {
    note(" -> ", std::string(to_string(type)) + " " + std::to_string(id));
    if (type == packet_type::pubcomp) {
        released_.erase(id);
        released_here_.erase(id);
        return;
    }
    const auto at =
        std::find_if(in_.begin(), in_.end(), [&](const incoming& one) { return one.id == id; });
    if (at == in_.end()) {
        return;
    }
    if (type == packet_type::pubrec && !is_failure(code)) {
        released_[id] = at->content;
        if (at->here) {
            released_here_.insert(id);
        }
    }
    if (type == packet_type::puback || type == packet_type::pubrec) {
        in_.erase(at);
    }
}

void scripted_client::acknowledge(std::uint16_t id) {
    const auto at =
        std::find_if(in_.begin(), in_.end(), [&](const incoming& one) { return one.id == id; });
    if (at != in_.end()) {
        ack(at->level == qos::at_least_once ? packet_type::puback : packet_type::pubrec, id);
    }
}

void scripted_client::ping() {
    std::string bytes;
    encode_empty(bytes, packet_type::pingreq);
    say(bytes);
}

void scripted_client::disconnect(reason code, std::optional<std::uint32_t> session_expiry) {
    std::string bytes;
    encode_disconnect(bytes, version_, code, {}, session_expiry);
    say(bytes);
}

std::vector<std::uint16_t> scripted_client::unacknowledged() const {
    std::vector<std::uint16_t> ids;
    for (const auto& one : in_) {
        ids.push_back(one.id);
    }
    return ids;
}

std::size_t scripted_client::under_way() const {
    const auto here = [](const incoming& one) { return one.here; };
    return static_cast<std::size_t>(std::count_if(in_.begin(), in_.end(), here)) +
           released_here_.size();
}

}  // namespace evergrass::mqtt::testing

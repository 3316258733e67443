#include "tests/fuzz/mqtt_client_check.hpp"

#include <array>
#include <chrono>
#include <memory>

namespace {

using namespace evergrass::mqtt;
using fuzz::must;
using namespace std::chrono_literals;

class input {
public:
    input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    bool empty() const { return size_ == 0; }
    unsigned byte() {
        if (size_ == 0) {
            return 0;
        }
        --size_;
        return *data_++;
    }
    bool flag() { return (byte() & 1U) != 0; }
    template <std::size_t N, class T>
    const T& one_of(const std::array<T, N>& choices) {
        return choices[byte() % N];
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
};

constexpr std::array<std::string_view, 4> topics{"t", "topic/one", "topic/two", "topic/three"};
constexpr std::array<std::string_view, 6> filters{
    "t", "topic/+", "#", "$share/g/topic/#", "a#", "topic/a/topic/a/topic/a"};

// A server that sends well-formed packets, in an order that the input says, to a session of which
// things are asked in between. It knows what it may expect.
class match : public client_session_owner {
public:
    explicit match(input in)
        : in_(in),
          version_(in_.flag() ? protocol_version::v5 : protocol_version::v3_1_1),
          reader_(version_),
          session_(options(), *this) {}

    void run() {
        connect();
        while (!in_.empty()) {
            step();
            if (session_.failed()) {
                must(!session_.failure().empty());
                drain();
                session_.lost(session_.failure());
                connect();
            }
        }
        session_.stop();
        answers_.all_told();
    }

private:
    client_session_options options();
    void on_connected() override {}
    void on_message(const publish_view& m) override {
        must(check_topic_name(m.topic).has_value());
        ++messages_;
    }

    void step();
    void connect();
    void publish();
    void subscribe();
    void send_publish();
    void send_ack();
    void send_suback();
    void hear(const std::string& bytes) { must(session_.receive(bytes, now_) <= bytes.size()); }
    void drain() { reader_.read(fuzz::take_output(session_, now_)); }
    std::uint16_t some_id();

    input in_;
    protocol_version version_;
    fuzz::strict_reader reader_;
    fuzz::answer_book answers_;
    evergrass::mono_time now_{};
    std::size_t messages_ = 0;
    std::set<std::uint16_t> unreleased_;
    client_session session_;
};

client_session_options match::options() {
    client_session_options o;
    o.version = version_;
    o.client_id = "fuzz";
    o.clean_start = in_.flag();
    o.session_expiry = in_.flag() ? 100 : 0;
    o.max_inflight = 1 + in_.byte() % 4;
    o.max_queued_bytes = 4'096;
    o.max_queued_messages = 16;
    o.receive_maximum = static_cast<std::uint16_t>(1 + in_.byte() % 4);
    o.topic_alias_maximum = 2;
    o.first_packet_id = static_cast<std::uint16_t>(65'530 + in_.byte() % 8);
    return o;
}

void match::step() {
    switch (in_.byte() % 10) {
        case 0:
            return publish();
        case 1:
            return subscribe();
        case 2:
            return session_.unsubscribe(in_.one_of(filters),
                                        answers_.expect<evergrass::result<void>>(), now_);
        case 3:
            return send_publish();
        case 4:
            return send_ack();
        case 5:
            return send_suback();
        case 6:
            return drain();
        case 7:
            now_ = std::max(now_ + std::chrono::seconds(in_.byte()),
                            session_.deadline() < now_ + 1h ? session_.deadline() : now_);
            return session_.on_time(now_);
        case 8:
            drain();
            session_.lost("the input says so");
            return connect();
        default: {
            drain();
            std::string bytes;
            if (in_.flag()) {
                encode_empty(bytes, packet_type::pingresp);
            } else {
                encode_disconnect(bytes, version_, reason::server_busy, "busy");
            }
            return hear(bytes);
        }
    }
}

void match::connect() {
    reader_.new_connection();
    session_.opened(now_);
    const auto sent = fuzz::take_output(session_, now_);
    reader_.read(sent);
    const auto asked = decode_connect(*next_frame(sent, SIZE_MAX).value());
    must(asked.has_value());
    connack_packet p;
    p.session_present = !asked->clean_start && in_.flag();
    if (version_ == protocol_version::v5) {
        p.receive_maximum = static_cast<std::uint16_t>(1 + in_.byte() % 4);
        p.maximum_qos = static_cast<qos>(in_.byte() % 3);
        p.retain_available = in_.flag();
        p.topic_alias_maximum = static_cast<std::uint16_t>(in_.byte() % 4);
        p.wildcard_subscription_available = in_.flag();
        p.shared_subscription_available = in_.flag();
        p.subscription_identifiers_available = in_.flag();
        if (in_.flag()) {
            p.maximum_packet_size = 5 + in_.byte() % 64;
        }
        if (in_.flag()) {
            p.server_keep_alive = static_cast<std::uint16_t>(in_.byte() % 16);
        }
    }
    reader_.accepted(p);
    if (!p.session_present) {
        unreleased_.clear();
    }
    std::string bytes;
    encode_connack(bytes, version_, p);
    hear(bytes);
    must(session_.connected());
    drain();
}

void match::publish() {
    publish_options o;
    o.level = static_cast<qos>(in_.byte() % 3);
    o.retain = in_.flag();
    if (in_.flag()) {
        o.properties.expiry = in_.byte();
    }
    if (in_.flag()) {
        o.properties.user = {{"k", "v"}};
    }
    const auto payload = std::make_shared<const std::string>(in_.byte() * 8U, 'x');
    const auto sent = session_.publish(std::string(in_.one_of(topics)), payload, o,
                                       answers_.expect<evergrass::result<acknowledgement>>(), now_);
    if (sent != send_result::queued) {
        answers_.not_taken();
    }
}

void match::subscribe() {
    subscribe_options o;
    o.options.level = static_cast<qos>(in_.byte() % 3);
    o.options.no_local = in_.byte() % 4 == 0;
    o.id = in_.byte() % 4 == 0 ? 7 : 0;
    session_.subscribe(std::string(in_.one_of(filters)), o,
                       answers_.expect<evergrass::result<qos>>(), now_);
}

void match::send_publish() {
    drain();
    publish_head head;
    head.level = static_cast<qos>(in_.byte() % 3);
    head.topic = in_.one_of(topics);
    head.id = static_cast<std::uint16_t>(1 + in_.byte() % 6);
    head.duplicate = head.level != qos::at_most_once && in_.flag();
    if (version_ == protocol_version::v5) {
        head.topic_alias = static_cast<std::uint16_t>(in_.byte() % 4);
        head.topic = head.topic_alias != 0 && in_.flag() ? std::string_view() : head.topic;
    }
    const bool again = head.level == qos::exactly_once && unreleased_.contains(head.id);
    std::string bytes;
    encode_publish_head(bytes, version_, head);
    const auto before = messages_;
    hear(bytes);
    if (session_.failed()) {
        must(messages_ == before);
        return;
    }
    must(messages_ == before + (again ? 0 : 1));
    if (head.level == qos::exactly_once) {
        unreleased_.insert(head.id);
    }
}

// One that is under way, mostly.
std::uint16_t match::some_id() {
    const auto choice = in_.byte();
    const auto& ids = reader_.under_way();
    if (ids.empty() || choice >= 0xF0) {
        return static_cast<std::uint16_t>(1 + choice % 8);
    }
    return *std::next(ids.begin(), static_cast<std::ptrdiff_t>(choice % ids.size()));
}

void match::send_ack() {
    drain();
    constexpr std::array<packet_type, 4> types{packet_type::puback, packet_type::pubrec,
                                               packet_type::pubcomp, packet_type::pubrel};
    const auto type = in_.one_of(types);
    const auto id =
        type == packet_type::pubrel ? static_cast<std::uint16_t>(1 + in_.byte() % 6) : some_id();
    const bool received = type == packet_type::puback || type == packet_type::pubrec;
    auto code = reason::success;
    if (version_ == protocol_version::v5 && in_.byte() % 4 == 0) {
        code = received ? reason::quota_exceeded : reason::packet_identifier_not_found;
    }
    std::string bytes;
    encode_ack(bytes, version_, type, id, code, "words");
    hear(bytes);
    if (type == packet_type::pubrel) {
        unreleased_.erase(id);
    } else if (type != packet_type::pubrec || is_failure(code)) {
        reader_.acknowledged(id);
    }
}

void match::send_suback() {
    drain();
    const auto choice = in_.byte();
    const auto& asked = reader_.questions();
    std::uint16_t id = 1 + choice % 8;
    auto type = in_.flag() ? packet_type::suback : packet_type::unsuback;
    if (!asked.empty() && choice < 0xF0) {
        const auto at =
            std::next(asked.begin(), static_cast<std::ptrdiff_t>(choice % asked.size()));
        id = at->first;
        type = at->second == packet_type::subscribe ? packet_type::suback : packet_type::unsuback;
    }
    constexpr std::array<std::string_view, 6> granted{
        "\x01", "\x02", "\x80", std::string_view("\0", 1), "\x01\x02", "\x87"};
    constexpr std::array<std::string_view, 4> ended{std::string_view("\0", 1), "\x11", "\x87",
                                                    "\x11\x11"};
    std::string bytes;
    if (type == packet_type::suback) {
        encode_suback(bytes, version_, id, in_.one_of(granted));
    } else {
        encode_unsuback(bytes, version_, id, in_.one_of(ended));
    }
    hear(bytes);
    reader_.answered(id);
}

}  // namespace

// Well-formed packets of a server in any order, among publishes, subscriptions, lost connections
// and time that passes: what the client sends stays within the standard and what the server allows,
// each call is answered once, and QoS 2 is handed over once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    match(input(data, size)).run();
    return 0;
}

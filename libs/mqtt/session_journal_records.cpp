#include "libs/mqtt/session_journal_records.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace evergrass::mqtt::journal {
namespace {

using progress = session_journal::delivery::progress;

// The first byte: the format's version above the record's kind.
constexpr unsigned version = 1;
constexpr unsigned kind_bits = 5;
constexpr unsigned kind_mask = (1U << kind_bits) - 1;
constexpr unsigned several = version << kind_bits | kind_mask;

// MQTT's strings are no longer; nor are those that we keep.
constexpr std::size_t max_text = 65'535;
constexpr std::uint64_t max_number = std::uint64_t{1} << 62;

// Flags of a message.
constexpr unsigned message_level = 0x03;
constexpr unsigned message_retain = 0x04;
constexpr unsigned message_expires = 0x08;
constexpr unsigned message_from = 0x10;
// Of a delivery.
constexpr unsigned delivery_level = 0x03;
constexpr unsigned delivery_retain = 0x04;
constexpr unsigned delivery_sent = 0x08;
constexpr unsigned delivery_ids = 0x10;
// Of a session.
constexpr unsigned session_left = 0x01;
constexpr unsigned session_will = 0x02;
// Of a subscription.
constexpr unsigned subscription_level = 0x03;
constexpr unsigned subscription_no_local = 0x04;
constexpr unsigned subscription_retain = 0x08;
constexpr unsigned subscription_retained_shift = 4;
constexpr unsigned subscription_retained = 0x30;

// --- Encoding ------------------------------------------------------------------------------------

void put_byte(std::string& out, unsigned value) {
    out.push_back(static_cast<char>(value));
}

void put_u16(std::string& out, std::uint16_t value) {
    put_byte(out, value & 0xFFU);
    put_byte(out, value >> 8U);
}

void put_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        put_byte(out, static_cast<unsigned>(value & 0x7F) | 0x80U);
        value >>= 7U;
    }
    put_byte(out, static_cast<unsigned>(value));
}

void put_time(std::string& out, wall_time at) {
    auto value = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
    for (int i = 0; i < 8; ++i, value >>= 8U) {
        put_byte(out, static_cast<unsigned>(value & 0xFF));
    }
}

void put_text(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out.append(text);
}

unsigned flags_of(const stored_message& m) {
    return static_cast<unsigned>(m.level) | (m.retain ? message_retain : 0) |
           (m.expires_at ? message_expires : 0);
}

// All of a message but its flags and payload.
void put_message(std::string& out, const kept_message& kept) {
    const auto& m = *kept.what;
    if (m.expires_at) {
        put_time(out, kept.since);
        put_time(out, *m.expires_at);
    }
    put_text(out, m.topic);
    put_text(out, m.source);
    put_text(out, m.properties);
}

void put_delivery(std::string& out, const delivery_part& d) {
    put_varint(out, d.session);
    put_varint(out, d.order);
    put_u16(out, d.packet_id);
    put_byte(out, static_cast<unsigned>(d.level) | (d.retain ? delivery_retain : 0) |
                      (d.state == progress::waiting ? 0 : delivery_sent) |
                      (d.subscription_ids.empty() ? 0 : delivery_ids));
    if (!d.subscription_ids.empty()) {
        put_varint(out, d.subscription_ids.size());
        for (const auto id : d.subscription_ids) {
            put_varint(out, id);
        }
    }
}

// Each writes a record behind its first byte and returns the payload that comes after it.
struct writer {
    std::string& out;

    std::string_view operator()(const session_record& r) const {
        put_varint(out, r.id);
        put_byte(out, static_cast<unsigned>(r.version));
        put_byte(out, (r.left_at ? session_left : 0) | (r.will.what ? session_will : 0));
        put_varint(out, r.expiry_seconds);
        put_varint(out, r.subscriptions);
        put_text(out, r.client_id);
        if (r.left_at) {
            put_time(out, *r.left_at);
        }
        if (!r.will.what) {
            return {};
        }
        put_time(out, r.will_due);
        put_byte(out, flags_of(*r.will.what));
        put_message(out, r.will);
        return *r.will.what->payload;
    }
    std::string_view operator()(const session_ended_record& r) const {
        put_varint(out, r.session);
        return {};
    }
    std::string_view operator()(const will_done_record& r) const {
        put_varint(out, r.session);
        return {};
    }
    std::string_view operator()(const subscription_record& r) const {
        put_varint(out, r.session);
        put_varint(out, r.subscriptions);
        put_byte(out, static_cast<unsigned>(r.options.level) |
                          (r.options.no_local ? subscription_no_local : 0) |
                          (r.options.retain_as_published ? subscription_retain : 0) |
                          static_cast<unsigned>(r.options.retained) << subscription_retained_shift);
        put_varint(out, r.subscription_id);
        out.append(r.filter);
        return {};
    }
    std::string_view operator()(const unsubscribed_record& r) const {
        put_varint(out, r.session);
        put_varint(out, r.subscriptions);
        out.append(r.filter);
        return {};
    }
    std::string_view operator()(const message_record& r) const {
        put_byte(out, flags_of(*r.message.what) | (r.from ? message_from : 0));
        put_varint(out, r.deliveries.size());
        for (const auto& d : r.deliveries) {
            put_delivery(out, d);
        }
        if (r.from) {
            (void)(*this)(*r.from);
        }
        put_message(out, r.message);
        return *r.message.what->payload;
    }
    std::string_view operator()(const sent_record& r) const {
        put_varint(out, r.session);
        put_varint(out, r.order);
        return {};
    }
    std::string_view operator()(const pubrec_record& r) const {
        put_varint(out, r.session);
        put_varint(out, r.order);
        put_u16(out, r.packet_id);
        put_byte(out, static_cast<unsigned>(r.level) | (r.retain ? delivery_retain : 0));
        return {};
    }
    std::string_view operator()(const finished_record& r) const {
        put_varint(out, r.session);
        put_varint(out, r.order);
        return {};
    }
    std::string_view operator()(const received_record& r) const {
        put_varint(out, r.session);
        put_u16(out, r.packet_id);
        return {};
    }
    std::string_view operator()(const released_record& r) const {
        put_varint(out, r.session);
        put_u16(out, r.packet_id);
        return {};
    }
    std::string_view operator()(const retained_record& r) const {
        put_byte(out, flags_of(*r.message.what));
        put_message(out, r.message);
        return *r.message.what->payload;
    }
    std::string_view operator()(const retained_cleared_record& r) const {
        put_text(out, r.source);
        out.append(r.topic);
        return {};
    }
    std::string_view operator()(const clock_record& r) const {
        put_time(out, r.now);
        return {};
    }
    std::string_view operator()(const started_record& r) const {
        put_time(out, r.now);
        return {};
    }
};

// --- Decoding ------------------------------------------------------------------------------------

// Reads fields in order. One that is cut short or out of range makes failed() true for good.
class reader {
public:
    explicit reader(std::string_view bytes) : rest_(bytes) {}

    bool failed() const { return failed_; }
    bool complete() const { return !failed_ && rest_.empty(); }
    void fail() { failed_ = true; }
    std::size_t left() const { return rest_.size(); }

    std::string_view take(std::uint64_t count) {
        if (failed_ || rest_.size() < count) {
            failed_ = true;
            return {};
        }
        const auto bytes = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return bytes;
    }
    std::string_view rest() { return take(rest_.size()); }

    unsigned byte() {
        const auto bytes = take(1);
        return bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
    }
    // A byte of flags, of which only `known` may be set.
    unsigned flags(unsigned known) {
        const auto value = byte();
        failed_ = failed_ || (value & ~known) != 0;
        return value;
    }
    std::uint16_t u16() {
        const auto low = byte();
        return static_cast<std::uint16_t>(low | byte() << 8U);
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto next = byte();
            if (shift == 63 && next > 1) {
                break;
            }
            value |= static_cast<std::uint64_t>(next & 0x7FU) << shift;
            if (next < 0x80) {
                return failed_ ? 0 : value;
            }
        }
        failed_ = true;
        return 0;
    }
    // A session's identifier or a delivery's order. Greater ones are never made, so that there is
    // always a next one.
    std::uint64_t number() {
        const auto value = varint();
        failed_ = failed_ || value > max_number;
        return value;
    }
    std::uint32_t u32() {
        const auto value = varint();
        failed_ = failed_ || value > 0xFFFF'FFFF;
        return static_cast<std::uint32_t>(value);
    }
    wall_time time() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) {
            value |= static_cast<std::uint64_t>(byte()) << shift;
        }
        return wall_time(std::chrono::duration_cast<wall_time::duration>(
            std::chrono::nanoseconds(static_cast<std::int64_t>(value))));
    }
    std::string_view text() { return limited(take(varint())); }
    std::string_view rest_as_text() { return limited(rest()); }
    qos level(unsigned flags) {
        failed_ = failed_ || (flags & 3U) > 2;
        return static_cast<qos>(flags & 3U);
    }

private:
    std::string_view limited(std::string_view text) {
        failed_ = failed_ || text.size() > max_text;
        return text;
    }

    std::string_view rest_;
    bool failed_ = false;
};

// The message whose flags were read; its payload is the rest.
kept_message read_message(reader& in, unsigned flags) {
    auto made = std::make_shared<stored_message>();
    kept_message kept;
    made->level = in.level(flags);
    made->retain = (flags & message_retain) != 0;
    if ((flags & message_expires) != 0) {
        kept.since = in.time();
        made->expires_at = in.time();
    }
    made->topic = in.text();
    made->source = in.text();
    made->properties = in.take(in.varint());
    made->payload = std::make_shared<const std::string>(in.rest());
    kept.what = std::move(made);
    return kept;
}

session_record read_session(reader& in) {
    session_record r;
    r.id = in.number();
    const auto level = in.byte();
    if (level != 4 && level != 5) {
        in.fail();
    }
    r.version = static_cast<protocol_version>(level);
    const auto flags = in.flags(session_left | session_will);
    r.expiry_seconds = in.u32();
    r.subscriptions = in.varint();
    r.client_id = in.text();
    if ((flags & session_left) != 0) {
        r.left_at = in.time();
    }
    if ((flags & session_will) != 0) {
        r.will_due = in.time();
        const auto message = in.flags(message_level | message_retain | message_expires);
        r.will = read_message(in, message);
    }
    return r;
}

subscription_record read_subscription(reader& in) {
    subscription_record r;
    r.session = in.number();
    r.subscriptions = in.varint();
    const auto flags = in.flags(subscription_level | subscription_no_local | subscription_retain |
                                subscription_retained);
    const auto retained = (flags & subscription_retained) >> subscription_retained_shift;
    if (retained > 2) {
        in.fail();
    }
    r.options = {in.level(flags), (flags & subscription_no_local) != 0,
                 (flags & subscription_retain) != 0, static_cast<retain_handling>(retained)};
    r.subscription_id = in.u32();
    r.filter = in.rest_as_text();
    return r;
}

received_record read_received(reader& in) {
    received_record r;
    r.session = in.number();
    r.packet_id = in.u16();
    return r;
}

pubrec_record read_pubrec(reader& in) {
    pubrec_record r;
    r.session = in.number();
    r.order = in.number();
    r.packet_id = in.u16();
    const auto flags = in.flags(delivery_level | delivery_retain);
    r.level = in.level(flags);
    r.retain = (flags & delivery_retain) != 0;
    return r;
}

// Its identifiers go to the end of `ids`; their number is what the returned part's span has.
delivery_part read_delivery(reader& in, std::vector<std::uint32_t>& ids, std::size_t& count) {
    delivery_part d;
    d.session = in.number();
    d.order = in.number();
    d.packet_id = in.u16();
    const auto flags = in.flags(delivery_level | delivery_retain | delivery_sent | delivery_ids);
    d.level = in.level(flags);
    d.retain = (flags & delivery_retain) != 0;
    d.state = (flags & delivery_sent) != 0 ? progress::sent : progress::waiting;
    count = 0;
    if ((flags & delivery_ids) != 0) {
        const auto wanted = in.varint();
        if (wanted > in.left()) {  // each has a byte at least
            in.fail();
        }
        for (; !in.failed() && count < wanted; ++count) {
            ids.push_back(in.u32());
        }
    }
    return d;
}

message_record read_message_record(reader& in, std::vector<delivery_part>& deliveries,
                                   std::vector<std::uint32_t>& ids) {
    deliveries.clear();
    ids.clear();
    message_record r;
    const auto flags = in.flags(message_level | message_retain | message_expires | message_from);
    const auto wanted = in.varint();
    if (wanted > in.left()) {
        in.fail();
    }
    std::vector<std::size_t> counts;
    for (std::uint64_t i = 0; !in.failed() && i < wanted; ++i) {
        deliveries.push_back(read_delivery(in, ids, counts.emplace_back()));
    }
    // Only now do the identifiers stay where they are.
    for (std::size_t i = 0, at = 0; i < counts.size(); at += counts[i], ++i) {
        deliveries[i].subscription_ids = std::span(ids).subspan(at, counts[i]);
    }
    if ((flags & message_from) != 0) {
        r.from = read_received(in);
    }
    r.message = read_message(in, flags);
    r.deliveries = deliveries;
    return r;
}

template <class T>
T read_delivery_key(reader& in) {
    T r;
    r.session = in.number();
    r.order = in.number();
    return r;
}

}  // namespace

std::string_view encode(const record& what, std::string& head) {
    put_byte(head, version << kind_bits | static_cast<unsigned>(what.index() + 1));
    return std::visit(writer{head}, what);
}

void begin_several(std::string& out) {
    put_byte(out, several);
}

void add_to_several(std::string& out, std::string_view head, std::string_view payload) {
    put_varint(out, head.size() + payload.size());
    out.append(head);
    out.append(payload);
}

std::vector<std::string_view> split_several(std::string_view bytes) {
    if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != several) {
        return {bytes};
    }
    std::vector<std::string_view> parts;
    reader in(bytes.substr(1));
    while (!in.complete()) {
        parts.push_back(in.take(in.varint()));
        if (in.failed()) {
            return {bytes};  // all or nothing: a decoder finds it damaged
        }
    }
    return parts;
}

decoder::outcome decoder::read(std::string_view bytes) {
    if (bytes.empty()) {
        return outcome::damaged;
    }
    reader in(bytes);
    const auto first = in.byte();
    if (first >> kind_bits != version) {
        return first >> kind_bits > version ? outcome::later_version : outcome::damaged;
    }
    switch (first & kind_mask) {
        case 1:
            what_ = read_session(in);
            break;
        case 2:
            what_ = session_ended_record{in.number()};
            break;
        case 3:
            what_ = will_done_record{in.number()};
            break;
        case 4:
            what_ = read_subscription(in);
            break;
        case 5: {
            const auto session = in.number();
            const auto left = in.varint();
            what_ = unsubscribed_record{session, left, in.rest_as_text()};
            break;
        }
        case 6:
            what_ = read_message_record(in, deliveries_, subscription_ids_);
            break;
        case 7:
            what_ = read_delivery_key<sent_record>(in);
            break;
        case 8:
            what_ = read_pubrec(in);
            break;
        case 9:
            what_ = read_delivery_key<finished_record>(in);
            break;
        case 10:
            what_ = read_received(in);
            break;
        case 11: {
            const auto released = read_received(in);
            what_ = released_record{released.session, released.packet_id};
            break;
        }
        case 12: {
            const auto flags = in.flags(message_level | message_retain | message_expires);
            what_ = retained_record{read_message(in, flags)};
            break;
        }
        case 13: {
            const auto source = in.text();
            what_ = retained_cleared_record{source, in.rest_as_text()};
            break;
        }
        case 14:
            what_ = clock_record{in.time()};
            break;
        case 15:
            what_ = started_record{in.time()};
            break;
        default:
            return outcome::damaged;
    }
    return in.complete() ? outcome::record : outcome::damaged;
}

}  // namespace evergrass::mqtt::journal

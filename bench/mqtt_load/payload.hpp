#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

// What each message carries, and what each receiver makes of it.
namespace mqtt_load {

// publisher u32, size u32, sequence u64, time u64, check u64 in this machine's byte order; after
// them a run of a fixed random text whose place depends on the publisher and the sequence.
inline constexpr std::size_t smallest_payload = 32;

struct stamp {
    std::uint32_t publisher = 0;
    std::uint64_t sequence = 0;
    std::int64_t time = 0;  // nanoseconds of the monotonic clock: when it was sent, or was due
};

class payload_maker {
public:
    // REQUIRES: smallest_payload <= size.
    explicit payload_maker(std::size_t size);

    std::size_t size() const { return size_; }
    // Writes size() bytes.
    void write(char* to, const stamp& s) const;
    // False when a single bit is not what write() wrote for the stamp that the payload names.
    bool read(std::string_view payload, stamp& out) const;

private:
    const char* filler(const stamp& s) const;

    std::size_t size_;
    std::string pattern_;
};

struct faults {
    std::uint64_t lost = 0;
    std::uint64_t reordered = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t corrupt = 0;
    std::uint64_t misrouted = 0;   // from a publisher that this receiver does not listen to
    std::uint64_t ack_faults = 0;  // PUBACKs out of the order of the PUBLISHes [MQTT-4.6.0-2]

    std::uint64_t total() const {
        return lost + reordered + duplicated + corrupt + misrouted + ack_faults;
    }
    faults& operator+=(const faults& more);
};

// The messages of one publisher at one receiver: each once and in order.
class sequence_check {
public:
    void received(std::uint64_t sequence, faults& found) {
        if (sequence == next_) {
            ++next_;
        } else {
            out_of_turn(sequence, found);
        }
    }
    // One more than the highest sequence seen.
    std::uint64_t next() const { return next_; }
    // Call at the end of a run: what was sent and is still missing is lost.
    void finish(std::uint64_t sent, faults& found) const;

private:
    void out_of_turn(std::uint64_t sequence, faults& found);

    std::uint64_t next_ = 0;
    std::set<std::uint64_t> missing_;  // below next_
};

}  // namespace mqtt_load

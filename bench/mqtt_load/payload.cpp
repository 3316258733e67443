#include "bench/mqtt_load/payload.hpp"

#include <cstring>
#include <random>

namespace mqtt_load {
namespace {

constexpr std::size_t places = 4096;  // of the filler within the pattern

struct header {
    std::uint32_t publisher;
    std::uint32_t size;
    std::uint64_t sequence;
    std::int64_t time;
    std::uint64_t check;
};
static_assert(sizeof(header) == smallest_payload);

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 31)) * 0x9e3779b97f4a7c15ULL;
    return value ^ (value >> 29);
}

std::uint64_t check_of(const header& h) {
    auto sum = mixed(std::uint64_t{h.publisher} << 32 | h.size);
    sum = mixed(sum + h.sequence);
    return mixed(sum + static_cast<std::uint64_t>(h.time));
}

}  // namespace

payload_maker::payload_maker(std::size_t size) : size_(size), pattern_(size + places, '\0') {
    std::mt19937_64 random(20170607);  // the same text for every process
    for (auto& byte : pattern_) {
        byte = static_cast<char>(random());
    }
}

const char* payload_maker::filler(const stamp& s) const {
    return pattern_.data() + (s.sequence * 61 + std::uint64_t{s.publisher} * 977) % places;
}

void payload_maker::write(char* to, const stamp& s) const {
    header h{s.publisher, static_cast<std::uint32_t>(size_), s.sequence, s.time, 0};
    h.check = check_of(h);
    std::memcpy(to, &h, sizeof h);
    std::memcpy(to + sizeof h, filler(s), size_ - sizeof h);
}

bool payload_maker::read(std::string_view payload, stamp& out) const {
    header h;
    if (payload.size() != size_) {
        return false;
    }
    std::memcpy(&h, payload.data(), sizeof h);
    out = {h.publisher, h.sequence, h.time};
    return h.size == size_ && h.check == check_of(h) &&
           std::memcmp(payload.data() + sizeof h, filler(out), size_ - sizeof h) == 0;
}

faults& faults::operator+=(const faults& more) {
    lost += more.lost;
    reordered += more.reordered;
    duplicated += more.duplicated;
    corrupt += more.corrupt;
    misrouted += more.misrouted;
    ack_faults += more.ack_faults;
    return *this;
}

void sequence_check::out_of_turn(std::uint64_t sequence, faults& found) {
    if (sequence > next_) {
        for (auto skipped = next_; skipped < sequence; ++skipped) {
            missing_.insert(skipped);
        }
        next_ = sequence + 1;
    } else if (missing_.erase(sequence) > 0) {
        ++found.reordered;
    } else {
        ++found.duplicated;
    }
}

void sequence_check::finish(std::uint64_t sent, faults& found) const {
    found.lost += missing_.size() + (sent > next_ ? sent - next_ : 0);
}

}  // namespace mqtt_load

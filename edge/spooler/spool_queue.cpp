#include "edge/spooler/spool_queue.hpp"

#include "edge/spooler/spool_record.hpp"

#include <algorithm>
#include <utility>

namespace evergrass::edge {

std::uint64_t spool_queue::oldest_saved() const {
    const auto oldest = std::find_if(entries_.begin(), entries_.end(),
                                     [](const entry& e) { return e.saved_as != 0; });
    return oldest == entries_.end() ? UINT64_MAX : oldest->saved_as;
}

std::size_t spool_queue::unsaved() const {
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(),
                                                  [](const entry& e) { return e.saved_as == 0; }));
}

bool spool_queue::is_in_order() const {
    return std::is_partitioned(entries_.begin(), entries_.end(),
                               [](const entry& e) { return e.saved_as != 0; });
}

void spool_queue::push(entry made) {
    bytes_ += made.bytes;
    if (made.held) {
        read_end_ += read_end_ == end() ? 1 : 0;
        memory_bytes_ += made.bytes;
    }
    entries_.push_back(std::move(made));
}

void spool_queue::note_saved(std::uint64_t number, std::uint64_t saved_as) {
    entry_of(number).saved_as = saved_as;
}

void spool_queue::pop_front() {
    const auto& oldest = entries_.front();
    bytes_ -= oldest.bytes;
    if (oldest.held) {
        memory_bytes_ -= oldest.bytes;
    }
    entries_.pop_front();
    ++first_;
    next_ = std::max(next_, first_);
    read_end_ = std::max(read_end_, first_);
}

void spool_queue::note_done(std::uint64_t number) {
    entry_of(number).done = true;
}

std::optional<spooled_message> spool_queue::take() {
    while (next_ < end() && at(next_).done) {  // the disk lost it
        ++next_;
    }
    starved_ = next_ < end() && !at(next_).held;
    if (next_ == end() || starved_) {
        return std::nullopt;
    }
    const auto& e = at(next_);
    return spooled_message{next_++, e.held->topic, e.held->payload};
}

void spool_queue::put_back() {
    if (next_ > first_) {
        --next_;
    }
}

std::optional<std::uint64_t> spool_queue::wants_from() {
    while (read_end_ < end() && (at(read_end_).held || at(read_end_).done)) {
        ++read_end_;
    }
    if (read_end_ == end() || (memory_bytes_ > limit_ / 2 && !starved_)) {
        return std::nullopt;
    }
    return at(read_end_).saved_as;
}

spool_queue::filled spool_queue::fill(std::uint64_t from, std::uint64_t upto,
                                      const std::vector<log_store::record>& found) {
    filled outcome;
    const auto lose = [&](std::uint64_t number) {
        note_done(number);
        outcome.lost.push_back(number);
    };
    auto number = std::max(read_end_, first_);
    const auto skip_to = [&](std::uint64_t saved_as) {
        for (; number < end(); ++number) {
            const auto& e = at(number);
            if (e.saved_as >= saved_as) {
                return;
            }
            if (!e.held && !e.done && e.saved_as >= from) {
                lose(number);
            }
        }
    };
    for (const auto& record : found) {
        skip_to(record.number);
        if (number >= end() || at(number).saved_as != record.number) {
            continue;  // it gave way meanwhile
        }
        const auto read = read_spool_record(record.payload).record;
        if (!read) {
            lose(number++);
            continue;
        }
        auto& e = entry_of(number++);
        if (!e.held && !e.done) {
            e.held = std::make_unique<content>(content{
                std::string(read->topic), std::make_shared<const std::string>(read->payload)});
            memory_bytes_ += e.bytes;
        }
    }
    if (found.empty()) {
        skip_to(upto + 1);  // what came later is not among them
    }
    read_end_ = std::max(read_end_, number);
    outcome.ready = std::exchange(starved_, false);
    return outcome;
}

}  // namespace evergrass::edge

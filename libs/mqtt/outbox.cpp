#include "libs/mqtt/outbox.hpp"

#include <algorithm>
#include <sys/uio.h>
#include <utility>

namespace evergrass::mqtt {
namespace {

constexpr std::size_t max_write_bytes = 64 * 1024;  // of begin_write()
constexpr std::size_t first_bytes = 512;

// A burst must not leave its memory behind for ever.
constexpr std::size_t max_spare_small = 64 * 1024;
constexpr std::size_t max_spare_insertions = 256;
constexpr std::size_t max_pool_bytes = 512 * 1024;

// Written bytes in front of what is still to write are given up once they are so many and the most.
constexpr std::size_t worth_moving = 64 * 1024;

iovec piece(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};
}

std::size_t footprint(const detail::outbox_content& content) {
    return sizeof content + content.small.capacity() +
           content.insertions.capacity() * sizeof(content.insertions[0]);
}

}  // namespace

void detail::outbox_content::reset() {
    small.clear();
    insertions.clear();
    held.clear();
    small_written = insertions_written = payload_written = held_written = payload_bytes = 0;
}

std::unique_ptr<detail::outbox_content> outbox_pool::take() {
    if (spare_.empty()) {
        auto fresh = std::make_unique<detail::outbox_content>();
        fresh->small.reserve(first_bytes);
        return fresh;
    }
    auto last = std::move(spare_.back());
    spare_.pop_back();
    bytes_ -= footprint(*last);
    return last;
}

void outbox_pool::give(std::unique_ptr<detail::outbox_content> content) {
    const auto bytes = footprint(*content);
    if (content->small.capacity() > max_spare_small ||
        content->insertions.capacity() > max_spare_insertions || bytes_ + bytes > max_pool_bytes) {
        return;
    }
    content->reset();
    bytes_ += bytes;
    spare_.push_back(std::move(content));
}

void outbox::acquire() {
    content_ = pool_ != nullptr ? pool_->take() : std::make_unique<detail::outbox_content>();
}

void outbox::append_payload(const std::shared_ptr<const std::string>& payload) {
    auto& small = tail();
    if (payload->size() <= max_copied_payload) {
        small += *payload;
        return;
    }
    content_->insertions.push_back({small.size(), payload});
    content_->payload_bytes += payload->size();
}

std::size_t outbox::gather(std::span<iovec> into, std::size_t max_bytes) const {
    if (!content_) {
        return 0;
    }
    const auto& all = *content_;
    std::size_t count = 0;
    const auto add = [&](std::string_view bytes) {
        bytes = bytes.substr(0, max_bytes);
        if (!bytes.empty()) {
            into[count++] = piece(bytes);
            max_bytes -= bytes.size();
        }
        return count < into.size() && max_bytes > 0;
    };
    const std::string_view small = all.small;
    auto at = all.small_written;
    auto skip = all.payload_written;
    if (into.empty() || !add(std::string_view(all.held).substr(all.held_written))) {
        return count;
    }
    for (auto i = all.insertions_written; i < all.insertions.size(); ++i) {
        const auto& next = all.insertions[i];
        if (!add(small.substr(at, next.at - at)) ||
            !add(std::string_view(*next.payload).substr(skip))) {
            return count;
        }
        at = next.at;
        skip = 0;
    }
    add(small.substr(at));
    return count;
}

void outbox::written(std::size_t count) {
    if (count == 0) {
        return;
    }
    total_written_ += count;
    auto& all = *content_;
    if (all.insertions.empty() && all.held.empty()) {  // mostly
        all.small_written += count;
        give_up_written();
        return;
    }
    const auto take = [&](std::size_t there) {
        const auto taken = std::min(there, count);
        count -= taken;
        return taken;
    };
    all.held_written += take(all.held.size() - all.held_written);
    while (count > 0 && all.insertions_written < all.insertions.size()) {
        auto& next = all.insertions[all.insertions_written];
        all.small_written += take(next.at - all.small_written);
        const auto of_payload = take(next.payload->size() - all.payload_written);
        all.payload_written += of_payload;
        all.payload_bytes -= of_payload;
        if (all.payload_written == next.payload->size()) {
            next.payload.reset();
            all.payload_written = 0;
            ++all.insertions_written;
        }
    }
    all.small_written += count;
    give_up_written();
}

void outbox::release() {
    if (pool_ != nullptr && content_) {
        pool_->give(std::move(content_));
    }
    content_.reset();
}

void outbox::give_up_written() {
    if (size() == 0) {
        release();
        return;
    }
    auto& all = *content_;
    if (all.held_written == all.held.size()) {
        all.held.clear();
        all.held_written = 0;
    }
    if (all.small_written >= worth_moving && all.small_written > all.small.size() / 2) {
        all.small.erase(0, all.small_written);
        all.insertions.erase(
            all.insertions.begin(),
            all.insertions.begin() + static_cast<std::ptrdiff_t>(all.insertions_written));
        all.insertions_written = 0;
        for (auto& each : all.insertions) {
            each.at -= all.small_written;
        }
        all.small_written = 0;
    }
}

std::string_view outbox::begin_write() {
    if (empty()) {
        return {};
    }
    auto& all = *content_;
    if (all.held_written == all.held.size()) {
        const bool inserted = all.insertions_written < all.insertions.size();
        const auto end = inserted ? all.insertions[all.insertions_written].at : all.small.size();
        if (end == all.small_written) {  // a payload is next, which does not move
            const std::string_view payload = *all.insertions[all.insertions_written].payload;
            const auto bytes = payload.substr(all.payload_written, max_write_bytes);
            writing_ = bytes.size();
            return bytes;
        }
        // Small things would move when more is appended.
        if (all.insertions.empty() && all.small_written == 0) {
            all.held = std::exchange(all.small, {});
        } else {
            all.held = all.small.substr(all.small_written, end - all.small_written);
            all.small_written = end;
        }
        all.held_written = 0;
    }
    const auto bytes = std::string_view(all.held).substr(all.held_written, max_write_bytes);
    writing_ = bytes.size();
    return bytes;
}

void outbox::written() {
    written(std::exchange(writing_, 0));
}

void outbox::clear() {
    release();
    writing_ = 0;
}

}  // namespace evergrass::mqtt

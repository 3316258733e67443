#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct iovec;

namespace evergrass::mqtt {

namespace detail {

// What an outbox holds while there is something in it.
struct outbox_content {
    // A large payload, which goes between the small things before and after it.
    struct insertion {
        std::size_t at;  // in `small`
        std::shared_ptr<const std::string> payload;
    };

    std::string small;
    std::vector<insertion> insertions;
    std::string held;  // of begin_write(): goes before all else
    std::size_t small_written = 0;
    std::size_t insertions_written = 0;  // whole ones
    std::size_t payload_written = 0;     // of the insertion after those
    std::size_t held_written = 0;
    std::size_t payload_bytes = 0;  // of insertions, that have not been written

    void reset();
};

}  // namespace detail

// Memory that empty outboxes of one thread have given back, for the next one that fills. Bounded.
class outbox_pool {
public:
    std::unique_ptr<detail::outbox_content> take();
    void give(std::unique_ptr<detail::outbox_content> content);

private:
    std::vector<std::unique_ptr<detail::outbox_content>> spare_;
    std::size_t bytes_ = 0;
};

// The bytes that wait to be written to one connection. Small things run together, so that
// everything that is pending leaves in one write (and one TLS record as far as it goes); a large
// payload is shared with the other receivers. Empty, it holds no memory.
class outbox {
public:
    // Up to this size a copy is cheaper than a piece of its own in a write, and a reference count.
    static constexpr std::size_t max_copied_payload = 1024;

    // Where small things are appended, at once and at least a byte. Valid until the next call.
    std::string& tail() {
        if (!content_) {
            acquire();
        }
        return content_->small;
    }
    void append_payload(const std::shared_ptr<const std::string>& payload);

    bool empty() const { return size() == 0; }
    std::size_t size() const {  // bytes not yet written
        if (!content_) {
            return 0;
        }
        const auto& all = *content_;
        return all.small.size() - all.small_written + all.payload_bytes + all.held.size() -
               all.held_written;
    }
    std::uint64_t total_written() const { return total_written_; }  // since it was made
    std::uint64_t total_appended() const { return total_written_ + size(); }
    void clear();  // gives its memory back

    // For writes that are over when they return. The next bytes, in as many pieces as fit and not
    // more than `max_bytes` in all; how many pieces that are. Valid until the next call.
    std::size_t gather(std::span<iovec> into, std::size_t max_bytes = SIZE_MAX) const;
    // So many of them have left.
    void written(std::size_t count);

    // For one write at a time that goes on meanwhile: the next bytes, which stay where they are
    // until written() is called. At most 64 KiB, so that even a slow link shows progress. Empty:
    // there is nothing to write. Not together with gather().
    std::string_view begin_write();
    void written();

    // Where memory comes from and goes to, from the next filling on. Null: the heap.
    void use_pool(outbox_pool* pool) { pool_ = pool; }

private:
    void acquire();
    void release();
    void give_up_written();

    std::unique_ptr<detail::outbox_content> content_;
    outbox_pool* pool_ = nullptr;
    std::uint64_t total_written_ = 0;
    std::size_t writing_ = 0;  // of begin_write()
};

}  // namespace evergrass::mqtt

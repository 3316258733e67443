#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::mqtt {

// The bytes that wait to be written to one connection. Small things run together into one piece, so
// that everything that is pending leaves in one write (and one TLS record as far as it goes); a
// large payload is a piece of its own, shared with the other receivers.
class outbox {
public:
    // Up to this size a copy is cheaper than a write and a reference count of its own.
    static constexpr std::size_t max_copied_payload = 1024;

    // Where small things are appended, at once and at least a byte.
    std::string& tail();
    void append_payload(const std::shared_ptr<const std::string>& payload);

    // The next bytes to write, which stay where they are until written() is called. One at a time.
    // At most 64 KiB, so that even a slow link shows progress. Empty: there is nothing to write.
    std::string_view begin_write();
    void written();

    bool empty() const { return pieces_.empty(); }
    std::size_t size() const;                                       // bytes not yet written
    std::uint64_t total_written() const { return total_written_; }  // since it was made
    std::uint64_t total_appended() const { return total_written_ + size(); }
    void clear();

private:
    struct piece {
        std::string own;
        std::shared_ptr<const std::string> shared;  // instead of `own`

        std::string_view bytes() const { return shared ? *shared : own; }
    };

    std::deque<piece> pieces_;
    std::size_t finished_bytes_ = 0;  // of all pieces but the last, which is still growing
    std::size_t front_written_ = 0;   // bytes of the front piece that have left
    std::size_t writing_ = 0;         // bytes of the front piece that are being written
    std::string spare_;               // memory of a written piece, for the next
    std::uint64_t total_written_ = 0;
};

}  // namespace evergrass::mqtt

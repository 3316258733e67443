#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// Bytes that have come and are not yet handled, in one piece. It starts small, because most
// connections are idle, and grows with what really arrives, never with what a header announces.
class receive_buffer {
public:
    struct space {
        char* data;
        std::size_t size;
    };

    // Where the next bytes go; never empty. Moves what data() showed.
    space room() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
            if (bytes_.size() > usual_size) {
                bytes_ = std::vector<char>(usual_size);
            }
        }
        if (begin_ > 0) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (bytes_.empty()) {
            bytes_.resize(first_size);
        } else if (end_ == bytes_.size() || (filled_ && bytes_.size() < usual_size)) {
            bytes_.resize(2 * bytes_.size());
        }
        return {bytes_.data() + end_, bytes_.size() - end_};
    }
    void received(std::size_t count) {
        end_ += count;
        filled_ = end_ == bytes_.size();
    }

    std::string_view data() const { return {bytes_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t count) { begin_ += count; }
    void clear() { begin_ = end_ = 0; }

private:
    static constexpr std::size_t first_size = 2 * 1024;
    static constexpr std::size_t usual_size = 32 * 1024;  // of a connection that is busy

    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool filled_ = false;  // the last read took all the room
};

}  // namespace evergrass::mqtt

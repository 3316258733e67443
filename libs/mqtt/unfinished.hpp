#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace evergrass::mqtt {

// What has come of a connection's bytes and is not yet handled: the beginning of a packet, or
// packets that its link does not want yet. Empty, it holds no memory. It grows with what really
// arrives, never with what a packet's header announces.
class unfinished {
public:
    unfinished() = default;
    ~unfinished() { std::free(data_); }
    unfinished(const unfinished&) = delete;
    unfinished& operator=(const unfinished&) = delete;

    std::string_view view() const { return {data_, size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    void clear() {
        std::free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }

    // `bytes` may be a part of view().
    void assign(std::string_view bytes) {
        if (bytes.empty()) {
            clear();
            return;
        }
        if (bytes.data() < data_ || bytes.data() >= data_ + size_) {
            size_ = 0;
            grow(bytes.size());
        }
        std::memmove(data_, bytes.data(), bytes.size());
        size_ = bytes.size();
        if (capacity_ > 4 * size_ && capacity_ > worth_shrinking) {
            if (auto* const smaller = static_cast<char*>(std::realloc(data_, size_))) {
                data_ = smaller;
                capacity_ = size_;
            }
        }
    }
    void append(std::string_view bytes) {
        if (size_ + bytes.size() > capacity_) {
            grow(std::max(size_ + bytes.size(), 2 * capacity_));
        }
        std::memcpy(data_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }

    // Where the next bytes of a packet of `whole` bytes may be read to, at least as many as there
    // are already, but for its end. REQUIRES: size() < whole.
    std::span<char> room(std::size_t whole) {
        if (capacity_ < whole && capacity_ < 2 * size_) {
            grow(std::min(whole, 2 * size_));
        }
        return {data_ + size_, std::min(whole, capacity_) - size_};
    }
    void filled(std::size_t count) { size_ += count; }

private:
    static constexpr std::size_t worth_shrinking = 4 * 1024;

    void grow(std::size_t capacity) {
        if (capacity <= capacity_) {
            return;
        }
        auto* const larger = static_cast<char*>(std::realloc(data_, capacity));
        if (larger == nullptr) {
            throw std::bad_alloc();
        }
        data_ = larger;
        capacity_ = capacity;
    }

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace evergrass::mqtt

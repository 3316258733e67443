#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass::edge::functions {

// Makes lines of a stream of bytes. A line longer than `max_line` is given in pieces, so that a
// worker that never ends its line cannot fill the memory.
class line_splitter {
public:
    explicit line_splitter(std::size_t max_line = 32 * 1024) : max_line_(max_line) {}

    // Calls `line` for each completed line, without its line break; empty ones are left out.
    template <class Line>
    void feed(std::string_view bytes, Line&& line) {
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            const auto piece = bytes.substr(0, std::min(end, max_line_ - rest_.size()));
            rest_ += piece;
            bytes.remove_prefix(piece.size());
            if (!bytes.empty() && bytes.front() == '\n') {
                bytes.remove_prefix(1);
                finish(line);
            } else if (rest_.size() >= max_line_) {
                finish(line);
            }
        }
    }

    // What is left when the stream ends.
    template <class Line>
    void finish(Line&& line) {
        if (!rest_.empty() && rest_.back() == '\r') {
            rest_.pop_back();
        }
        if (!rest_.empty()) {
            line(std::string_view(rest_));
        }
        rest_.clear();
    }

private:
    std::size_t max_line_;
    std::string rest_;
};

}  // namespace evergrass::edge::functions

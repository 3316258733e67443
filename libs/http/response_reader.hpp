#pragma once

#include "libs/base/result.hpp"
#include "libs/http/message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::http {

// Reads one response out of the bytes of a connection; no I/O. The body comes in pieces, so that a
// download needs no more memory than a piece.
class response_reader {
public:
    // `answers_head`: the request was HEAD, so there is no body whatever the header says.
    explicit response_reader(bool answers_head);
    ~response_reader();

    std::string& buffer() { return buffer_; }  // append what arrived
    // Appends body bytes to `body` as far as they are there. False: more is needed. An error is
    // malformed input.
    result<bool> advance(std::string& body);
    // The connection ended. True when that completes the response, as without a length it does.
    bool end_of_stream();

    bool has_head() const { return head_seen_; }
    const response& head() const { return head_; }  // status and headers
    // After the whole response: may the connection be used again?
    bool keep_alive() const { return keep_alive_ && buffer_.empty(); }

private:
    struct parser;
    void take_head();

    bool answers_head_;
    std::string buffer_;
    std::unique_ptr<parser> parser_;
    response head_;
    bool head_seen_ = false;
    bool keep_alive_ = false;
};

}  // namespace evergrass::http

#pragma once

#include "libs/base/result.hpp"
#include "libs/http/message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace evergrass::http {

// Why a request is refused, as the status to answer with.
struct refusal {
    int status = 400;
    std::string reason;  // one line
};

// Reads requests out of the bytes of one connection; no I/O. Feed bytes into buffer(), call
// advance() until it says more_needed, one request after the other.
class request_reader {
public:
    enum class progress { more_needed, headers_complete, complete, refused };

    request_reader(std::size_t max_header_bytes, std::size_t max_body_bytes);
    ~request_reader();

    std::string& buffer() { return buffer_; }  // append what arrived
    bool started() const;                      // a byte of the next request is there
    progress advance();
    const refusal& why() const { return refusal_; }

    // After headers_complete:
    bool expects_continue() const;
    // After complete: the request, and the reader is ready for the next one.
    request take();
    // Of the request taken last: may the connection go on, and is it 1.0, HEAD?
    bool keep_alive() const { return keep_alive_; }
    bool is_http_1_0() const { return http_1_0_; }

private:
    struct parser;
    progress refuse(int status, std::string reason);
    progress check_headers();

    std::size_t max_header_bytes_;
    std::size_t max_body_bytes_;
    std::string buffer_;
    std::unique_ptr<parser> parser_;
    request request_;
    refusal refusal_;
    bool headers_seen_ = false;
    bool keep_alive_ = false;
    bool http_1_0_ = false;
};

}  // namespace evergrass::http

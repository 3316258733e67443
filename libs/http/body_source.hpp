#pragma once

#include "libs/base/result.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace evergrass::http {

// The bytes of an answer that are not in a file and too many for the memory: the server asks for
// the next when the client has taken those before (response::source). It lives as long as the
// answer is sent, and ends on the server's thread.
class body_source {
public:
    body_source() = default;
    body_source(const body_source&) = delete;
    body_source& operator=(const body_source&) = delete;
    virtual ~body_source() = default;

    // Of all of it; does not change.
    virtual std::uint64_t size() const = 0;
    // Where read() is called: it may block there.
    virtual boost::asio::any_io_executor where() const = 0;
    // The bytes from `offset` on: one at least, and `most` at most. After an error, which the
    // server logs, the connection is cut: the length was promised, and nothing else tells the
    // client.
    virtual result<std::string> read(std::uint64_t offset, std::size_t most) = 0;
};

}  // namespace evergrass::http

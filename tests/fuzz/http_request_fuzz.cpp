// The bytes that a server reads before it knows who sent them. Whatever they are, a refusal has a
// reason, and the requests are the same however the bytes were cut into pieces; one for a WebSocket
// is answered with a status.

#include "libs/http/request_reader.hpp"
#include "libs/http/websocket.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using evergrass::http::request_reader;

std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
    request_reader reader(4096, 4096);
    std::string seen;
    while (!bytes.empty()) {
        const auto now = bytes.substr(0, piece);
        bytes.remove_prefix(now.size());
        reader.buffer().append(now);
        for (bool more = false; !more;) {
            switch (reader.advance()) {
                case request_reader::progress::more_needed:
                    more = true;
                    break;
                case request_reader::progress::headers_complete:
                    break;
                case request_reader::progress::refused:
                    if (reader.why().reason.empty() || reader.why().status < 400) {
                        std::abort();
                    }
                    return seen;  // perhaps earlier in one piece than in many
                case request_reader::progress::complete: {
                    const auto request = reader.take();
                    constexpr std::string_view protocols[] = {"mqtt"};
                    const auto answer = evergrass::http::answer_websocket(request, protocols);
                    if (answer.status != 101 && (answer.status < 400 || answer.body.empty())) {
                        std::abort();
                    }
                    seen += request.method + " " + request.target + " " + request.body + "\n";
                    break;
                }
            }
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (size <= 2048 && read_in_pieces(bytes, size) != read_in_pieces(bytes, 1)) {
        std::abort();
    }
    read_in_pieces(bytes, 700);
    return 0;
}

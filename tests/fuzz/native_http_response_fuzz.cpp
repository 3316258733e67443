// What a broken or hostile server answers a native function with.

#include "runtimes/native/http_reader.h"
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct outcome {
    http_progress progress = HTTP_MORE;
    int status = 0;
    std::string body;
    std::string invocation;
};

outcome read_in_pieces(const char* data, std::size_t size, std::size_t piece) {
    http_reader reader{};
    outcome o;
    while (size > 0 && o.progress == HTTP_MORE) {
        // A copy of its own: reading past the piece is seen.
        const std::string now(data, std::min(size, piece));
        std::size_t used = 0;
        o.progress = http_reader_feed(&reader, now.data(), now.size(), &used);
        if (used > now.size() || (o.progress == HTTP_MORE && used != now.size())) {
            std::abort();
        }
        data += used;
        size -= used;
    }
    if (o.progress == HTTP_MORE) {
        o.progress = http_reader_end(&reader);
    }
    if (o.progress == HTTP_MORE || (o.progress == HTTP_MALFORMED && reader.fault == nullptr)) {
        std::abort();
    }
    if (o.progress == HTTP_DONE) {
        o.status = reader.status;
        o.body.assign(buffer_text(&reader.body), reader.body.size);
        if (const char* id = http_reader_header(&reader, "x-amz-invocationid")) {
            o.invocation = id;
        }
    }
    http_reader_free(&reader);
    return o;
}

}  // namespace

// The first byte is the size of the pieces; how a response is cut must not change it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto* text = reinterpret_cast<const char*>(data + 1);
    const outcome whole = read_in_pieces(text, size - 1, size);
    const outcome cut = read_in_pieces(text, size - 1, 1U + data[0]);
    if (whole.progress != cut.progress || whole.status != cut.status || whole.body != cut.body ||
        whole.invocation != cut.invocation) {
        std::abort();
    }
    return 0;
}

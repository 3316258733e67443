// What functions send to the core: paths, client contexts, bodies. The input is the name of a
// parser's case in its first byte and the text after it.
#include "edge/functions/ipc_protocol.hpp"
#include "edge/functions/line_splitter.hpp"
#include "libs/base/encoding.hpp"

#include <cstdlib>

using namespace evergrass::edge::functions;

namespace {

// A topic that was accepted must come back whole from the context that a function gets of it.
void check_publish(std::string_view text) {
    const auto context = parse_publish_context(text);
    if (!context) {
        return;
    }
    const auto again = parse_publish_context(routed_client_context(context->topic));
    if (!again || again->topic != context->topic) {
        std::abort();
    }
}

void check_lines(std::string_view text) {
    line_splitter lines(8);
    std::size_t total = 0;
    const auto count = [&](std::string_view line) {
        if (line.empty() || line.size() > 8 || line.find('\n') != std::string_view::npos) {
            std::abort();
        }
        total += line.size();
    };
    const auto half = text.size() / 2;
    lines.feed(text.substr(0, half), count);
    lines.feed(text.substr(half), count);
    lines.finish(count);
    if (total > text.size()) {
        std::abort();
    }
}

void check_path(std::string_view text) {
    const auto blank = text.find(' ');
    const auto method = text.substr(0, blank);
    const auto path = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    (void)parse_ipc_call(method, path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'p':
            check_path(text);
            break;
        case 'c':
            check_publish(text);
            break;
        case 'j':
            check_publish(evergrass::base64_encode(text));
            break;
        case 'x':
            (void)check_client_context(text);
            break;
        case 'i':
            (void)parse_initialization(text);
            break;
        case 'l':
            (void)parse_log_request(text);
            break;
        case 'h':
            (void)parse_health_request(text);
            break;
        case 's':
            check_lines(text);
            break;
        default:
            break;
    }
    return 0;
}

// What evergrass-jail reads from the core's socket: it runs as root.
#include "edge/isolation/jail_order.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace evergrass::edge::isolation;

namespace {

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_text(const std::string& text) {
    check(text.find('\0') == std::string::npos);
}

void check_path(const std::string& path) {
    check(path.starts_with('/'));
    check_text(path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto order = decode_jail_order(bytes);
    if (!order) {
        check(!order.error().message().empty());
        return 0;
    }
    check_path(order->program);
    check_path(order->directory);
    check_path(order->work_directory);
    for (const auto& m : order->mounts) {
        check_path(m.source);
        check_path(m.destination);
    }
    for (const auto& d : order->devices) {
        check_path(d.path);
    }
    for (const auto& path : order->hidden) {
        check_path(path);
    }
    for (const auto* texts : {&order->arguments, &order->environment}) {
        for (const auto& text : *texts) {
            check_text(text);
        }
    }
    // Only flags have more than one form, and those are of one length.
    const auto again = encode(*order);
    check(again.size() == bytes.size());
    const auto decoded = decode_jail_order(again);
    check(decoded && *decoded == *order);
    check(!decode_jail_order(std::string_view(again).substr(0, again.size() - 1)));
    return 0;
}

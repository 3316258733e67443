// What a hostile or broken proxy answers a core's CONNECT with, and proxies' URLs of config.json.

#include "libs/rt/proxy.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = evergrass::rt::read_tunnel_answer(bytes);
    if (whole && *whole && **whole > size) {
        std::abort();
    }
    // What a beginning says, the rest does not change.
    for (std::size_t cut = 0; cut <= size; cut += 1 + size / 256) {
        const auto part = evergrass::rt::read_tunnel_answer(bytes.substr(0, cut));
        if (part && *part && (!whole || *whole != *part)) {
            std::abort();
        }
    }
    if (auto proxy = evergrass::rt::parse_proxy_url(bytes)) {
        const auto again = evergrass::rt::parse_proxy_url(proxy->url());
        if (!again || again->host != proxy->host || again->port != proxy->port ||
            again->user_name != proxy->user_name ||
            (!proxy->user_name.empty() && again->password != proxy->password)) {
            std::abort();
        }
        proxy->direct = {std::string(bytes)};
        static_cast<void>(proxy->serves(proxy->host, proxy->port));
    }
    if (evergrass::rt::is_direct_entry(bytes)) {
        evergrass::rt::http_proxy proxy;
        proxy.direct = {std::string(bytes)};
        static_cast<void>(proxy.serves("10.1.2.3", 8883));
    }
    return 0;
}

#include "edge/deployment/server_certificate.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

namespace evergrass::edge {
namespace {

std::string text_of(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    } else if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        // A link-local address is of no use in a certificate: it needs a scope to be reached.
        if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
            ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
        }
    }
    return text.data();
}

}  // namespace

std::vector<std::string> local_names(const std::string& listen_address) {
    std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
    if (!listen_address.empty() && listen_address != "0.0.0.0" && listen_address != "::") {
        names.push_back(listen_address);
    }
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
        names.emplace_back(host.data());
    }
    ifaddrs* interfaces = nullptr;
    if (::getifaddrs(&interfaces) == 0) {
        for (const auto* i = interfaces; i != nullptr; i = i->ifa_next) {
            if (i->ifa_addr != nullptr && (i->ifa_flags & IFF_UP) != 0) {
                if (auto text = text_of(i->ifa_addr); !text.empty()) {
                    names.push_back(std::move(text));
                }
            }
        }
        ::freeifaddrs(interfaces);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace evergrass::edge

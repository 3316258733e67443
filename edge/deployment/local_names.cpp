#include "edge/deployment/address_detector.hpp"
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

bool is_specific(const std::string& listen_address) {
    return !listen_address.empty() && listen_address != "0.0.0.0" && listen_address != "::";
}

struct interface_address {
    std::string text;
    bool is_loopback = false;
    bool is_v6 = false;
};

// Of the interfaces that are up, in the system's order.
std::vector<interface_address> interface_addresses() {
    std::vector<interface_address> found;
    ifaddrs* interfaces = nullptr;
    if (::getifaddrs(&interfaces) != 0) {
        return found;
    }
    for (const auto* i = interfaces; i != nullptr; i = i->ifa_next) {
        if (i->ifa_addr != nullptr && (i->ifa_flags & IFF_UP) != 0) {
            if (auto text = text_of(i->ifa_addr); !text.empty()) {
                found.push_back({std::move(text), (i->ifa_flags & IFF_LOOPBACK) != 0,
                                 i->ifa_addr->sa_family == AF_INET6});
            }
        }
    }
    ::freeifaddrs(interfaces);
    return found;
}

}  // namespace

std::vector<std::string> device_addresses(const std::string& listen_address) {
    if (is_specific(listen_address)) {
        return {listen_address};
    }
    const bool takes_v6 = listen_address == "::";
    std::vector<std::string> addresses;
    auto all = interface_addresses();
    std::stable_partition(all.begin(), all.end(), [](const auto& each) { return !each.is_v6; });
    for (auto& each : all) {
        if (!each.is_loopback && (takes_v6 || !each.is_v6)) {
            addresses.push_back(std::move(each.text));
        }
    }
    return addresses;
}

std::vector<std::string> local_names(const std::string& listen_address) {
    std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
    if (is_specific(listen_address)) {
        names.push_back(listen_address);
    }
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
        names.emplace_back(host.data());
    }
    for (auto& each : interface_addresses()) {
        names.push_back(std::move(each.text));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace evergrass::edge

#include "apps/evergrass_cloud/host_names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

namespace evergrass::cloud {
namespace {

bool is_any(const std::string& address) {
    return address == "0.0.0.0" || address == "::";
}

std::string machine_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof(name) - 1) == 0 ? std::string(name) : std::string();
}

// The text of an address, or nothing for families other than IP and for link-local IPv6, whose text
// needs a zone.
std::string address_text(const sockaddr* address) {
    char text[INET6_ADDRSTRLEN] = {};
    if (address != nullptr && address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    } else if (address != nullptr && address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
            ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
        }
    }
    return text;
}

std::vector<std::string> machine_addresses() {
    std::vector<std::string> addresses;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
        return addresses;
    }
    for (const auto* each = all; each != nullptr; each = each->ifa_next) {
        if (auto text = address_text(each->ifa_addr); !text.empty()) {
            addresses.push_back(std::move(text));
        }
    }
    ::freeifaddrs(all);
    return addresses;
}

}  // namespace

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1" || address == "localhost";
}

std::string advertised_host(const service_options& options) {
    if (!options.hosts.empty()) {
        return options.hosts.front();
    }
    if (!is_any(options.listen)) {
        return options.listen;
    }
    const auto name = machine_name();
    return name.empty() ? "localhost" : name;
}

std::string local_host(const service_options& options) {
    return is_any(options.listen) ? "127.0.0.1" : options.listen;
}

std::string plain_http_address(const service_options& options) {
    return is_loopback(options.listen) ? options.listen : "127.0.0.1";
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<std::string> certificate_names(const service_options& options) {
    std::vector<std::string> names = {
        "localhost",
        "127.0.0.1",
        "::1",
        "greengrass-ats.iot." + options.region + ".amazonaws.com",
        "*.iot." + options.region + ".amazonaws.com",
    };
    if (is_any(options.listen)) {
        const auto addresses = machine_addresses();
        names.insert(names.end(), addresses.begin(), addresses.end());
        names.push_back(machine_name());
    } else {
        names.push_back(options.listen);
    }
    names.insert(names.end(), options.hosts.begin(), options.hosts.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::erase(names, "");
    return names;
}

}  // namespace evergrass::cloud

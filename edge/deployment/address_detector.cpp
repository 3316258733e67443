#include "edge/deployment/address_detector.hpp"

#include <algorithm>

namespace evergrass::edge {
namespace {

constexpr std::string_view detector = "arn:aws:lambda:::function:GGIPDetector";
constexpr std::size_t most_entries = 10;  // what AWS's device tester allows (spec/core.md §12)

}  // namespace

bool detects_addresses(const contract::manifest& group) {
    return std::ranges::any_of(group.functions, [](const contract::function& f) {
        return f.arn == detector || f.arn.starts_with(std::string(detector) + ":");
    });
}

json::array detected_entries(const std::vector<std::string>& addresses, std::uint16_t port) {
    json::array entries;
    for (const auto& address : addresses) {
        if (entries.size() == most_entries) {
            break;
        }
        entries.emplace_back(
            json::object{{"Id", "AUTOIP_" + address + "_" + std::to_string(entries.size())},
                         {"HostAddress", address},
                         {"PortNumber", port},
                         {"Metadata", ""}});
    }
    return entries;
}

}  // namespace evergrass::edge

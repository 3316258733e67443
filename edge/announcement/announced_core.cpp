#include "edge/announcement/announced_core.hpp"

#include "libs/base/xml.hpp"

#include <utility>

namespace evergrass::edge {
namespace {

// RFC 6763 §4.1.1: a name of an instance has at most 63 bytes.
constexpr std::size_t longest_instance = 63;

}  // namespace

std::string discovery_document(const contract::manifest& group, json::array connectivity) {
    json::array authorities;
    for (const auto& pem : group.group_cas) {
        authorities.emplace_back(pem);
    }
    json::object core{{"thingArn", group.core.thing_arn},
                      {"Connectivity", std::move(connectivity)}};
    json::array cores;
    cores.emplace_back(std::move(core));
    json::object entry{{"GGGroupId", group.group_id},
                       {"Cores", std::move(cores)},
                       {"CAs", std::move(authorities)}};
    json::array groups;
    groups.emplace_back(std::move(entry));
    json::object document;
    document["GGGroups"] = std::move(groups);
    return json::serialize(document);
}

std::string avahi_service(std::string_view thing, std::string_view group_id, std::uint16_t port) {
    const auto instance = xml_text(thing.substr(0, longest_instance));
    std::string text =
        "<?xml version=\"1.0\" standalone='no'?>\n"
        "<!DOCTYPE service-group SYSTEM \"avahi-service.dtd\">\n"
        "<!-- Written by greengrassd, and removed when it ends. -->\n"
        "<service-group>\n";
    text += "  <name>" + instance + "</name>\n  <service>\n";
    text += "    <type>" + std::string(announced_type) + "</type>\n";
    text += "    <port>" + std::to_string(port) + "</port>\n";
    text += "    <txt-record>path=" + std::string(announced_path) + "</txt-record>\n";
    text += "    <txt-record>group=" + xml_text(group_id) + "</txt-record>\n";
    return text + "  </service>\n</service-group>\n";
}

std::string avahi_file_name(std::string_view thing) {
    return "evergrass-" + std::string(thing) + ".service";
}

}  // namespace evergrass::edge

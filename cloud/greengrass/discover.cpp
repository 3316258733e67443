#include "cloud/greengrass/connectivity.hpp"
#include "cloud/greengrass/device_routes.hpp"
#include "cloud/greengrass/group_authority.hpp"

#include <utility>
#include <vector>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t most_groups = 10;

struct found_group {
    std::string id;
    std::string core;
};

// The groups whose deployed version has the thing as a device.
result<std::vector<found_group>> groups_of(store& state, const std::string& thing) {
    std::vector<found_group> groups;
    auto read = state.db().query(
        "greengrass.discover",
        "SELECT device.group_id, core.thing FROM group_members AS device"
        " JOIN group_members AS core ON core.group_id = device.group_id AND core.role = 'core'"
        " WHERE device.thing = ?1 AND device.role = 'device' ORDER BY device.group_id",
        {thing}, [&](const db::row& row) {
            groups.push_back({row.text(0), row.text(1)});
        });
    if (!read) {
        return read.error();
    }
    return groups;
}

// Casing as the device SDKs read it (spec/cloud.md §2): thingArn in camel case among Pascal case.
result<json::object> describe(greengrass_services& in, const found_group& group) {
    auto connectivity = connectivity_of(in.state, group.core);
    if (!connectivity) {
        return connectivity.error();
    }
    const auto authorities = authorities_of(in.state, group.id);
    if (!authorities) {
        return authorities.error();
    }
    json::array certificates;
    for (const auto& authority : *authorities) {
        certificates.emplace_back(authority.certificate_pem);
    }
    json::object core{{"thingArn", in.identity.iot_arn("thing/" + group.core)},
                      {"Connectivity", std::move(*connectivity)}};
    json::array cores;
    cores.emplace_back(std::move(core));
    return json::object{
        {"GGGroupId", group.id}, {"Cores", std::move(cores)}, {"CAs", std::move(certificates)}};
}

}  // namespace

http::response discover(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:Discover")) {
        return *refused;
    }
    const auto hold = in.services.state.db().lock();
    const auto found = groups_of(in.services.state, from.thing);
    if (!found) {
        return store_failed(in, found.error());
    }
    if (found->empty()) {
        return device_error(404, "No deployed group has the device '" + from.thing +
                                     "'. Add it to a group and deploy the group.");
    }
    if (found->size() > most_groups) {
        return device_error(400,
                            "Device is a member of too many groups, devices may not be in more "
                            "than 10 groups");
    }
    json::array groups;
    for (const auto& group : *found) {
        auto described = describe(in.services, group);
        if (!described) {
            return store_failed(in, described.error());
        }
        groups.emplace_back(std::move(*described));
    }
    json::object body;
    body["GGGroups"] = std::move(groups);
    return json_answer(body);
}

}  // namespace evergrass::cloud::greengrass

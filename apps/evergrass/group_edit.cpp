#include "apps/evergrass/group_edit.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <utility>
#include <vector>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr const char* device_member = "DeviceDefinitionVersionArn";

// Every member of a group's version that names a definition's version.
constexpr const char* definition_members[] = {
    "ConnectorDefinitionVersionArn",   "CoreDefinitionVersionArn",   "DeviceDefinitionVersionArn",
    "FunctionDefinitionVersionArn",    "LoggerDefinitionVersionArn", "ResourceDefinitionVersionArn",
    "SubscriptionDefinitionVersionArn"};

error without(const char* operation, const char* member) {
    return {errc::invalid_input, std::string(operation) + " answered without " + member};
}

// "…/definition/devices/ID/versions/VERSION" ->
// "/greengrass/definition/devices/ID/versions/VERSION"
result<std::string> path_of_version(const std::string& arn) {
    const auto at = arn.find("/greengrass/definition/");
    if (at == std::string::npos || arn.find("/versions/", at) == std::string::npos) {
        return error{errc::invalid_input, "The group names the definition " + arn +
                                              ", which is no ARN of a definition's version"};
    }
    return arn.substr(at);
}

asio::awaitable<result<group_contents>> read_group(api_client& api, json::object group) {
    group_contents found;
    found.id = string_member(group, "Id").value_or("");
    found.name = string_member(group, "Name").value_or("");
    const auto version = string_member(group, "LatestVersion");
    if (!version) {
        co_return found;
    }
    api_call ask{"GetGroupVersion", "greengrass", "GET",
                 "/greengrass/groups/" + found.id + "/versions/" + *version};
    const auto read = co_await api.call(std::move(ask));
    if (!read) {
        co_return read.error();
    }
    const auto* definition = object_member(*read, "Definition");
    if (definition == nullptr) {
        co_return without("GetGroupVersion", "Definition");
    }
    for (const char* member : definition_members) {
        if (auto arn = string_member(*definition, member); arn && !arn->empty()) {
            found.definitions[member] = *arn;
        }
    }
    co_return found;
}

asio::awaitable<result<std::vector<std::string>>> groups_of_name(api_client& api,
                                                                 std::string name) {
    std::vector<std::string> ids;
    std::string token;
    do {
        api_call ask{"ListGroups", "greengrass", "GET",
                     "/greengrass/groups?MaxResults=100" +
                         (token.empty() ? "" : "&NextToken=" + percent_encode(token))};
        const auto page = co_await api.call(std::move(ask));
        if (!page) {
            co_return page.error();
        }
        if (const auto* groups = array_member(*page, "Groups")) {
            for (const auto& each : *groups) {
                const auto* group = each.if_object();
                if (group != nullptr && string_member(*group, "Name") == name) {
                    ids.push_back(string_member(*group, "Id").value_or(""));
                }
            }
        }
        token = string_member(*page, "NextToken").value_or("");
    } while (!token.empty());
    co_return ids;
}

// All devices of a definition's version, which may come in pages.
asio::awaitable<result<json::array>> devices_of(api_client& api, std::string version_arn) {
    const auto path = path_of_version(version_arn);
    if (!path) {
        co_return path.error();
    }
    json::array devices;
    std::string token;
    do {
        api_call ask{"GetDeviceDefinitionVersion", "greengrass", "GET",
                     *path + (token.empty() ? "" : "?NextToken=" + percent_encode(token))};
        auto page = co_await api.call(std::move(ask));
        if (!page) {
            co_return page.error();
        }
        if (const auto* definition = object_member(*page, "Definition")) {
            if (const auto* some = array_member(*definition, "Devices")) {
                devices.insert(devices.end(), some->begin(), some->end());
            }
        }
        token = string_member(*page, "NextToken").value_or("");
    } while (!token.empty());
    co_return devices;
}

bool is_of_thing(const json::value& device, const std::string& thing_arn) {
    const auto* object = device.if_object();
    return object != nullptr && string_member(*object, "ThingArn") == thing_arn;
}

// The list without the thing; how many went.
std::size_t take_out(json::array& devices, const std::string& thing_arn) {
    json::array kept;
    for (auto& each : devices) {
        if (!is_of_thing(each, thing_arn)) {
            kept.push_back(std::move(each));
        }
    }
    const auto went = devices.size() - kept.size();
    devices = std::move(kept);
    return went;
}

asio::awaitable<result<std::string>> create_device_version(api_client& api, std::string version_arn,
                                                           json::array devices) {
    const auto path = path_of_version(version_arn);
    if (!path) {
        co_return path.error();
    }
    api_call create{"CreateDeviceDefinitionVersion", "greengrass", "POST",
                    path->substr(0, path->rfind('/')),
                    json::object{{"Devices", std::move(devices)}}};
    const auto made = co_await api.call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    auto arn = string_member(*made, "Arn");
    if (!arn) {
        co_return without("CreateDeviceDefinitionVersion", "Arn");
    }
    co_return std::move(*arn);
}

json::object entry_of(const device_entry& device) {
    return {{"Id", device.id},
            {"ThingArn", device.thing_arn},
            {"CertificateArn", device.certificate_arn},
            {"SyncShadow", device.sync_shadow}};
}

json::object version_of(json::array devices) {
    return {{"Devices", std::move(devices)}};
}

}  // namespace

asio::awaitable<result<group_contents>> find_group(api_client& api, std::string wanted) {
    api_call ask{"GetGroup", "greengrass", "GET", "/greengrass/groups/" + percent_encode(wanted)};
    auto group = co_await api.call(std::move(ask));
    if (group) {
        co_return co_await read_group(api, std::move(*group));
    }
    if (group.error().code != errc::not_found) {
        co_return group.error();
    }
    const auto ids = co_await groups_of_name(api, wanted);
    if (!ids) {
        co_return ids.error();
    }
    if (ids->empty()) {
        co_return error{errc::not_found,
                        "There is no group with the name or id '" + wanted +
                            "'. `aws greengrass list-groups` shows those that there are"};
    }
    if (ids->size() > 1) {
        co_return error{errc::conflict, std::to_string(ids->size()) + " groups have the name '" +
                                            wanted + "': give the id of one, such as " +
                                            ids->front()};
    }
    api_call again{"GetGroup", "greengrass", "GET", "/greengrass/groups/" + ids->front()};
    group = co_await api.call(std::move(again));
    if (!group) {
        co_return group.error();
    }
    co_return co_await read_group(api, std::move(*group));
}

asio::awaitable<result<made_definition>> create_definition(api_client& api, std::string family,
                                                           std::string name, json::object version) {
    api_call create{
        "Create definition of " + family, "greengrass", "POST", "/greengrass/definition/" + family,
        json::object{{"Name", std::move(name)}, {"InitialVersion", std::move(version)}}};
    const auto made = co_await api.call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    auto id = string_member(*made, "Id");
    auto arn = string_member(*made, "LatestVersionArn");
    if (!id || !arn) {
        co_return without("Creating a definition", "Id or LatestVersionArn");
    }
    co_return made_definition{std::move(*id), std::move(*arn)};
}

asio::awaitable<result<void>> create_group_version(api_client& api, std::string group_id,
                                                   json::object definitions) {
    api_call create{"CreateGroupVersion", "greengrass", "POST",
                    "/greengrass/groups/" + group_id + "/versions", std::move(definitions)};
    const auto made = co_await api.call(std::move(create));
    co_return made ? result<void>() : result<void>(made.error());
}

asio::awaitable<result<void>> add_device(api_client& api, group_contents group,
                                         device_entry device) {
    json::array devices;
    const auto old = string_member(group.definitions, device_member);
    if (old) {
        auto there = co_await devices_of(api, *old);
        if (!there) {
            co_return there.error();
        }
        devices = std::move(*there);
    }
    take_out(devices, device.thing_arn);
    devices.push_back(entry_of(device));
    if (old) {
        const auto arn = co_await create_device_version(api, *old, std::move(devices));
        if (!arn) {
            co_return arn.error();
        }
        group.definitions[device_member] = *arn;
    } else {
        auto version = version_of(std::move(devices));
        const auto made =
            co_await create_definition(api, "devices", group.name + "_devices", std::move(version));
        if (!made) {
            co_return made.error();
        }
        group.definitions[device_member] = made->version_arn;
    }
    co_return co_await create_group_version(api, group.id, std::move(group.definitions));
}

asio::awaitable<result<bool>> remove_device(api_client& api, std::string group_id,
                                            std::string thing_arn) {
    api_call ask{"GetGroup", "greengrass", "GET", "/greengrass/groups/" + group_id};
    auto found = co_await api.call(std::move(ask));
    if (!found && found.error().code == errc::not_found) {
        co_return false;
    }
    if (!found) {
        co_return found.error();
    }
    auto group = co_await read_group(api, std::move(*found));
    if (!group) {
        co_return group.error();
    }
    const auto old = string_member(group->definitions, device_member);
    if (!old) {
        co_return false;
    }
    auto devices = co_await devices_of(api, *old);
    if (!devices) {
        co_return devices.error();
    }
    if (take_out(*devices, thing_arn) == 0) {
        co_return false;
    }
    const auto arn = co_await create_device_version(api, *old, std::move(*devices));
    if (!arn) {
        co_return arn.error();
    }
    group->definitions[device_member] = *arn;
    const auto done = co_await create_group_version(api, group->id, std::move(group->definitions));
    if (!done) {
        co_return done.error();
    }
    co_return true;
}

}  // namespace evergrass::cli

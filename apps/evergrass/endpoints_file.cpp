#include "apps/evergrass/endpoints_file.hpp"

#include "libs/base/file.hpp"

namespace evergrass::cli {

json::value to_json(const endpoints& e) {
    json::object members{{"api", e.api},
                         {"api_http", e.api_http},
                         {"iot_mqtt", e.iot_mqtt},
                         {"iot_https", e.iot_https},
                         {"discovery", e.discovery},
                         {"ca_file", e.ca_file},
                         {"access_key_id", e.access_key_id},
                         {"secret_access_key", e.secret_access_key},
                         {"region", e.region},
                         {"account", e.account}};
    const auto add_if_there = [&members](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            members[name] = value;
        }
    };
    add_if_there("core_mqtt", e.core_mqtt);
    add_if_there("ipc", e.ipc);
    add_if_there("core_thing", e.core_thing);
    add_if_there("core_root", e.core_root);
    json::array devices;
    for (const auto& device : e.devices) {
        devices.push_back(json::object{{"thing", device.thing},
                                       {"cert_file", device.cert_file},
                                       {"key_file", device.key_file}});
    }
    members["devices"] = std::move(devices);
    return members;
}

result<json::object> read_endpoints(const std::filesystem::path& directory) {
    const auto file = directory / "endpoints.json";
    const auto text = read_file(file, 1024 * 1024);
    if (!text) {
        return with_context(text.error(), "evergrass up does not run in " + directory.string());
    }
    auto value = parse_json(*text);
    if (!value || !value->is_object()) {
        return error{{},
                     file.string() + " is no endpoints.json as `evergrass up` writes it: " +
                         (value ? "it must be a JSON object" : value.error().message())};
    }
    return std::move(value->get_object());
}

result<void> write_endpoints(const std::filesystem::path& path, const endpoints& e) {
    return write_file_atomically(path, to_pretty_json(to_json(e)), 0600);
}

}  // namespace evergrass::cli

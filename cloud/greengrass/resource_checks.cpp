#include "cloud/greengrass/element_checks.hpp"
#include "cloud/greengrass/records.hpp"

#include <array>
#include <set>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::array<std::string_view, 5> kinds = {
    "LocalDeviceResourceData", "LocalVolumeResourceData", "S3MachineLearningModelResourceData",
    "SageMakerMachineLearningModelResourceData", "SecretsManagerSecretResourceData"};

bool is_below(std::string_view path, std::string_view directory) {
    return path == directory ||
           (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

void check_volume(const json::object& volume, std::vector<std::string>& faults) {
    const auto source = string_member(volume, "SourcePath").value_or("");
    if (is_below(source, "/sys")) {
        faults.emplace_back("Accessing /sys is prohibited");
    } else if (!source.starts_with('/')) {
        faults.push_back("Volume resource path should be absolute, but got: " + source);
    }
}

void check_device(const json::object& device, std::vector<std::string>& faults) {
    const auto source = string_member(device, "SourcePath").value_or("");
    if (!is_below(source, "/dev")) {
        faults.push_back("Device resource path should begin with /dev, but got: " + source);
    }
}

void check_container(const json::object& resource, std::vector<std::string>& faults) {
    const auto* container = object_member(resource, "ResourceDataContainer");
    std::size_t present = 0;
    for (const auto kind : kinds) {
        present += container != nullptr && object_member(*container, kind) != nullptr ? 1 : 0;
    }
    if (present != 1) {
        faults.push_back("Resource with ID '" + string_member(resource, "Id").value_or("") +
                         "' must have exactly one kind of resource data");
        return;
    }
    if (const auto* volume = object_member(*container, "LocalVolumeResourceData")) {
        check_volume(*volume, faults);
    }
    if (const auto* device = object_member(*container, "LocalDeviceResourceData")) {
        check_device(*device, faults);
    }
}

}  // namespace

std::optional<api_error> check_resources(const json::object& content) {
    const auto elements = elements_of(content, "Resources");
    auto faults = id_faults(elements);
    std::set<std::string> names;
    for (const auto* resource : elements) {
        const auto name = string_member(*resource, "Name").value_or("");
        if (!is_element_id(name)) {
            return invalid_input("Invalid resource name.");
        }
        if (!names.insert(name).second) {
            faults.push_back("Resource name '" + name + "' is not unique");
        }
        check_container(*resource, faults);
    }
    if (faults.empty()) {
        return std::nullopt;
    }
    return invalid_definition("The resources definition is invalid.", faults);
}

}  // namespace evergrass::cloud::greengrass

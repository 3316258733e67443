#include "cloud/greengrass/element_checks.hpp"
#include "cloud/greengrass/records.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "libs/base/arn.hpp"

#include <filesystem>
#include <set>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

using faults = std::vector<std::string>;

// Without dots and doubled slashes, so that /dev/../etc is what it is.
std::string normal_path(const json::object& data, std::string_view member) {
    const auto text = string_member(data, member).value_or("");
    return std::filesystem::path(text).lexically_normal().string();
}

bool is_below(std::string_view path, std::string_view directory) {
    return path == directory ||
           (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

void check_destination(const json::object& data, const std::string& of, faults& found) {
    const auto path = string_member(data, "DestinationPath");
    if (path && !path->starts_with('/')) {
        found.push_back("DestinationPath of " + of + " should be absolute, but got: " + *path);
    }
}

void check_volume(const json::object& volume, const std::string& of, faults& found) {
    const auto source = string_member(volume, "SourcePath").value_or("");
    if (is_below(normal_path(volume, "SourcePath"), "/sys")) {
        found.emplace_back("Accessing /sys is prohibited");
    } else if (!source.starts_with('/')) {
        found.push_back("Volume resource path should be absolute, but got: " + source);
    }
    check_destination(volume, of, found);
}

void check_device(const json::object& device, const std::string& of, faults& found) {
    const auto source = normal_path(device, "SourcePath");
    if (!is_below(source, "/dev")) {
        found.push_back("Device resource path should begin with /dev, but got: " +
                        string_member(device, "SourcePath").value_or(""));
    } else if (is_below(source, "/dev/shm")) {
        found.push_back("/dev/shm of " + of + " is no device; make it a local volume");
    }
}

void check_s3_model(const json::object& model, const std::string& of, faults& found) {
    const auto uri = string_member(model, "S3Uri").value_or("");
    const auto named = objects::parse_s3_uri(uri);
    if (!named) {
        found.push_back("S3Uri of " + of + ": " + named.error().context);
    } else if (named->bucket.find('.') != std::string::npos) {
        found.push_back("S3Uri of " + of + ": the bucket name '" + named->bucket +
                        "' must not have a dot");
    } else if (!named->key.ends_with(".tar.gz") && !named->key.ends_with(".zip")) {
        found.push_back("S3Uri of " + of + " must end with .tar.gz or .zip, but got: " + uri);
    }
    check_destination(model, of, found);
}

void check_sagemaker_model(const json::object& model, const std::string& of, faults& found) {
    const auto text = string_member(model, "SageMakerJobArn").value_or("");
    const auto job = parse_arn(text);
    const bool good = job && job->service == "sagemaker" &&
                      (job->resource.starts_with("training-job/") ||
                       job->resource.starts_with("compilation-job/"));
    if (!good) {
        found.push_back("SageMakerJobArn of " + of +
                        " is not the ARN of a training or "
                        "compilation job: " +
                        text);
    }
    check_destination(model, of, found);
}

void check_secret(const json::object& secret, const std::string& of, faults& found) {
    const auto text = string_member(secret, "ARN").value_or("");
    const auto named = parse_arn(text);
    if (!named || named->service != "secretsmanager" || !named->resource.starts_with("secret:")) {
        found.push_back("ARN of " + of + " is not the ARN of a secret: " + text);
    }
}

constexpr std::pair<std::string_view, void (*)(const json::object&, const std::string&, faults&)>
    kinds[] = {
        {"LocalDeviceResourceData", check_device},
        {"LocalVolumeResourceData", check_volume},
        {"S3MachineLearningModelResourceData", check_s3_model},
        {"SageMakerMachineLearningModelResourceData", check_sagemaker_model},
        {"SecretsManagerSecretResourceData", check_secret},
};

void check_container(const json::object& resource, faults& found) {
    const auto of = "the resource with ID '" + string_member(resource, "Id").value_or("") + "'";
    const auto* container = object_member(resource, "ResourceDataContainer");
    faults inside;
    std::size_t present = 0;
    for (const auto& [kind, check] : kinds) {
        const auto* data = container != nullptr ? object_member(*container, kind) : nullptr;
        if (data != nullptr) {
            ++present;
            check(*data, of, inside);
        }
    }
    if (present != 1) {
        found.push_back("Resource with ID '" + string_member(resource, "Id").value_or("") +
                        "' must have exactly one kind of resource data");
        return;
    }
    found.insert(found.end(), inside.begin(), inside.end());
}

}  // namespace

std::optional<api_error> check_resources(const json::object& content) {
    const auto elements = elements_of(content, "Resources");
    auto found = id_faults(elements);
    std::set<std::string> names;
    for (const auto* resource : elements) {
        const auto name = string_member(*resource, "Name").value_or("");
        if (!is_element_id(name)) {
            return invalid_input("Invalid resource name.");
        }
        if (!names.insert(name).second) {
            found.push_back("Resource name '" + name + "' is not unique");
        }
        check_container(*resource, found);
    }
    if (found.empty()) {
        return std::nullopt;
    }
    return invalid_definition("The resources definition is invalid.", found);
}

}  // namespace evergrass::cloud::greengrass

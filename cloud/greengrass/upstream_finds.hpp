#pragma once

#include "cloud/greengrass/build_log.hpp"
#include "cloud/objects/upstream_objects.hpp"
#include "libs/base/json.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::cloud::greengrass {

// A published version of a function.
struct published_version {
    std::string arn;             // ends in the version's number
    json::object configuration;  // in Lambda's spelling
    std::string blob;            // SHA-256 of the package, hex: its key in `blobs`
    std::int64_t code_size = 0;
};

struct version_lookup {
    std::optional<published_version> found;
    std::string reason;  // for people, when there is none
};

// What a deployment needs of APIs that are elsewhere. nullopt: they are here.
struct upstream_finds {
    // By the ARN that the group names.
    std::optional<std::map<std::string, version_lookup, std::less<>>> functions;
    // By S3Uri.
    std::optional<std::map<std::string, objects::brought_object, std::less<>>> models;
    // As docs/formats/secrets.md has them.
    std::optional<json::array> secrets;
    // What could not be had.
    std::vector<deployment_fault> faults;
};

}  // namespace evergrass::cloud::greengrass

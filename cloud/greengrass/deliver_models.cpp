#include "cloud/greengrass/deliver_models.hpp"

#include "cloud/objects/object_store.hpp"
#include "cloud/objects/s3_uri.hpp"

#include <set>

namespace evergrass::cloud::greengrass {
namespace {

const json::object* data_of(const json::value& resource, std::string_view kind) {
    const auto* object = resource.if_object();
    const auto* container =
        object == nullptr ? nullptr : object_member(*object, "ResourceDataContainer");
    return container == nullptr ? nullptr : object_member(*container, kind);
}

void deliver(greengrass_services& in, const upstream_finds& finds, const std::string& id,
             const std::string& uri, contract::manifest& into, build_log& log) {
    if (finds.models) {
        const auto brought = finds.models->find(uri);
        if (brought != finds.models->end()) {  // else its fault is noted
            into.files.push_back(
                {contract::delivery::model, id, brought->second.sha256, brought->second.size});
        }
        return;
    }
    const auto named = objects::parse_s3_uri(uri);
    if (!named || in.objects == nullptr) {
        log.fault("InvalidModelUri",
                  "Resource '" + id + "': '" + uri + "' is not an object of this service.");
        return;
    }
    const auto found = in.objects->find(named->bucket, named->key);
    if (!found) {
        if (found.error().code == internal_failure) {
            log.read(result<void>(error{{}, found.error().why}));
            return;
        }
        log.fault("ModelNotFound", "The group refers to a resource '" + id +
                                       "' with nonexistent S3 object " + uri +
                                       "; put the object and deploy again.");
        return;
    }
    if (found->size > largest_model) {
        log.fault("ModelTooLarge", "Resource '" + id + "': the object " + uri + " has " +
                                       std::to_string(found->size) +
                                       " bytes; a core takes up to 262144000.");
        return;
    }
    into.files.push_back({contract::delivery::model, id, found->sha256, found->size});
}

void check_functions(const std::set<std::string>& models, const contract::manifest& made,
                     build_log& log) {
    for (const auto& f : made.functions) {
        for (const auto& access : f.resources) {
            if (!models.contains(access.resource_id)) {
                continue;
            }
            if (f.isolation_mode == contract::isolation::no_container) {
                log.fault("ModelNeedsContainer",
                          "Function '" + f.id + "' has IsolationMode NoContainer and the model '" +
                              access.resource_id +
                              "': models are there for functions in a container alone.");
            }
            if (access.permission == "rw") {
                log.fault("ModelIsReadOnly", "Function '" + f.id +
                                                 "' has Permission rw on the model '" +
                                                 access.resource_id + "'; models are 'ro'.");
            }
        }
    }
}

}  // namespace

std::vector<std::string> wanted_models(const json::array& resources) {
    std::vector<std::string> uris;
    for (const auto& resource : resources) {
        if (const auto* s3 = data_of(resource, "S3MachineLearningModelResourceData")) {
            uris.push_back(string_member(*s3, "S3Uri").value_or(""));
        }
    }
    return uris;
}

void deliver_models(greengrass_services& in, const upstream_finds& finds, contract::manifest& into,
                    build_log& log) {
    std::set<std::string> models;
    for (const auto& resource : into.resources) {
        const auto* object = resource.if_object();
        const auto id = object != nullptr ? string_member(*object, "Id").value_or("") : "";
        if (data_of(resource, "SageMakerMachineLearningModelResourceData") != nullptr) {
            log.fault("SageMakerNotSupported",
                      "Resource '" + id +
                          "' is a model of SageMaker, which this service does not have; put the "
                          "job's archive into a bucket and make it an S3 model.");
        }
        if (const auto* s3 = data_of(resource, "S3MachineLearningModelResourceData")) {
            models.insert(id);
            deliver(in, finds, id, string_member(*s3, "S3Uri").value_or(""), into, log);
        }
    }
    check_functions(models, into, log);
}

}  // namespace evergrass::cloud::greengrass

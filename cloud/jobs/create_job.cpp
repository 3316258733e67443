#include "cloud/iot/records.hpp"
#include "cloud/jobs/new_job.hpp"
#include "cloud/objects/s3_uri.hpp"
#include "libs/jobs/document.hpp"

namespace evergrass::cloud::iot {
namespace {

// What is there at AWS and is not here is refused, and never left out in silence.
std::optional<api_error> why_not(const call& from) {
    constexpr std::string_view missing[] = {"namespaceId", "jobTemplateArn", "documentParameters",
                                            "schedulingConfig"};
    for (const auto name : missing) {
        if (from.input.contains(name)) {
            return invalid_request(std::string(name) +
                                   " is not there in this service; leave it out.");
        }
    }
    return std::nullopt;
}

answer<std::string> document_of(const job_parts& in, const call& from) {
    auto document = string_member(from.input, "document");
    const auto source = string_member(from.input, "documentSource");
    if (document.has_value() == source.has_value()) {
        return invalid_request("One of document and documentSource must be given.");
    }
    if (document) {
        return std::move(*document);
    }
    const auto named = objects::parse_s3_uri(*source);
    if (!named) {
        return invalid_request("documentSource: " + named.error().context + ".");
    }
    const auto found = in.objects.find(named->bucket, named->key);
    if (!found && found.error().status >= 500) {
        return found.error();
    }
    if (!found) {
        return invalid_request("documentSource '" + *source +
                               "' is no object of this service: " + found.error().message);
    }
    auto read = in.objects.read(found->sha256, jobs::max_document_bytes);
    if (!read) {
        return invalid_request("documentSource '" + *source +
                               "' cannot be read: " + read.error().message());
    }
    return std::move(*read);
}

}  // namespace

// The document of documentSource is read now; a later change of the object is not seen.
api_result create_job(const job_parts& in, const call& from) {
    if (auto refused = why_not(from)) {
        return *refused;
    }
    auto document = document_of(in, from);
    if (!document) {
        return document.error();
    }
    new_job wanted;
    wanted.id = required_text(from, "jobId");
    wanted.targets = job_targets(from);
    wanted.document = std::move(*document);
    wanted.definition["targetSelection"] =
        string_member(from.input, "targetSelection").value_or("SNAPSHOT");
    for (const std::string_view name : {"description", "documentSource"}) {
        if (const auto text = string_member(from.input, name)) {
            wanted.definition[name] = *text;
        }
    }
    for (const auto name : job_configs) {
        if (const auto* const config = object_member(from.input, name)) {
            wanted.definition[name] = *config;
        }
    }
    if (const auto* const tags = array_member(from.input, "tags")) {
        wanted.tags = *tags;
    }
    return make_job(in, std::move(wanted));
}

}  // namespace evergrass::cloud::iot

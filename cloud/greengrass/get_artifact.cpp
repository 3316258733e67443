#include "cloud/greengrass/device_routes.hpp"
#include "cloud/objects/object_store.hpp"
#include "libs/base/errors.hpp"
#include "libs/http/response_writer.hpp"

#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

// The package, if a deployment of this core refers to it.
result<std::optional<std::string>> find_artifact(store& state, const device_request& from) {
    std::optional<std::string> content;
    auto read = state.db().query("greengrass.find_artifact",
                                 "SELECT content FROM blobs JOIN deployment_artifacts USING(sha256)"
                                 " WHERE core_thing = ?1 AND sha256 = ?2",
                                 {from.thing, from.part},
                                 [&](const db::row& row) { content = row.text(0); });
    if (!read) {
        return read.error();
    }
    return content;
}

// Whether a deployment of this core refers to such a model.
result<bool> has_model(store& state, const device_request& from) {
    bool allowed = false;
    const auto read =
        state.db().query("greengrass.find_model",
                         "SELECT 1 FROM deployment_artifacts WHERE core_thing = ?1 AND sha256 = ?2",
                         {from.thing, from.part}, [&](const db::row&) { allowed = true; });
    return read ? result<bool>(allowed) : read.error();
}

// A model is an object's bytes: the server sends them, or the part of them that Range names.
result<std::optional<http::response>> find_model(const device_routes& in,
                                                 const device_request& from) {
    const auto allowed = has_model(in.services.state, from);
    if (!allowed) {
        return allowed.error();
    }
    if (!*allowed || in.services.objects == nullptr) {
        return std::optional<http::response>();
    }
    http::response answer;
    const auto size = in.services.objects->serve(from.part, answer);
    if (!size) {
        return size.error().code == errc::not_found
                   ? result<std::optional<http::response>>(std::optional<http::response>())
                   : size.error();
    }
    answer.headers.add("content-type", "application/octet-stream");
    return std::optional(std::move(answer));
}

http::response whole(std::string content) {
    http::response answer;
    answer.headers.add("content-type", "application/zip");
    answer.headers.add("accept-ranges", "bytes");
    answer.body = std::move(content);
    return answer;
}

http::response part_of(const std::string& content, const http::byte_range& range) {
    auto answer = whole(content.substr(range.first, range.size));
    answer.status = 206;
    answer.headers.add("content-range", "bytes " + std::to_string(range.first) + "-" +
                                            std::to_string(range.first + range.size - 1) + "/" +
                                            std::to_string(content.size()));
    return answer;
}

}  // namespace

http::response get_artifact(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:GetDeploymentArtifacts")) {
        return *refused;
    }
    auto hold = in.services.state.db().lock();
    auto found = find_artifact(in.services.state, from);
    hold.unlock();
    if (!found) {
        return store_failed(in, found.error());
    }
    if (!*found) {
        const auto model = find_model(in, from);
        if (!model) {
            return store_failed(in, model.error());
        }
        if (*model) {
            return **model;
        }
        return device_error(404, "No deployment of the core '" + from.thing +
                                     "' refers to the package " + from.part + ".");
    }
    const auto asked = from.asked.headers.get("range");
    if (!asked) {
        return whole(std::move(**found));
    }
    const auto range = http::parse_range(*asked, (*found)->size());
    if (!range) {
        auto answer = device_error(416, range.error().message());
        answer.headers.add("content-range", "bytes */" + std::to_string((*found)->size()));
        return answer;
    }
    return *range ? part_of(**found, **range) : whole(std::move(**found));
}

}  // namespace evergrass::cloud::greengrass

#include "apps/evergrass/adopt_service.hpp"

#include "apps/evergrass/adopt_model.hpp"
#include "apps/evergrass/service_info.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/v1_core/package.hpp"

#include <boost/asio/co_spawn.hpp>

#include <cstdlib>
#include <exception>
#include <optional>

namespace evergrass::cli {
namespace {

namespace asio = boost::asio;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

asio::awaitable<result<json::object>> make_call(api_client* api, api_call c) {
    co_return co_await api->call(std::move(c));
}

// Until it is done; nothing else runs meanwhile.
template <class T>
result<T> wait(asio::io_context& io, asio::awaitable<result<T>> work) {
    std::optional<result<T>> answer;
    io.restart();
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& broken, result<T> got) {
        if (broken) {
            std::rethrow_exception(broken);
        }
        answer.emplace(std::move(got));
    });
    io.run();
    return std::move(*answer);
}

result<api_client_options> access(const adopt_options& options, std::string& ca_file) {
    api_client_options out;
    if (!options.endpoints.empty()) {
        const auto text = read_file(options.endpoints, 1024 * 1024);
        const auto parsed = text ? parse_json(*text) : result<json::value>(text.error());
        if (!parsed || !parsed->is_object()) {
            return error{errc::invalid_input, options.endpoints.string() + " is no endpoints.json"};
        }
        const auto& members = parsed->get_object();
        out.url = string_member(members, "api").value_or("");
        ca_file = string_member(members, "ca_file").value_or("");
        out.credentials = {string_member(members, "access_key_id").value_or(""),
                           string_member(members, "secret_access_key").value_or("")};
    } else {
        out.url = options.service;
        ca_file = options.ca_file.string();
        out.credentials = {environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY")};
    }
    if (out.url.empty() || ca_file.empty()) {
        return error{
            errc::invalid_input,
            "say which service: --service https://HOST:PORT with --ca FILE, or --endpoints "
            "FILE; to look only, --dry-run"};
    }
    if (out.credentials.access_key_id.empty() || out.credentials.secret_access_key.empty()) {
        return error{errc::invalid_input,
                     "an admin's key is needed in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                     "(evergrass keys create --role admin)"};
    }
    return out;
}

}  // namespace

result<std::unique_ptr<adopting_service>> adopting_service::make(const adopt_options& options,
                                                                 const std::string& region) {
    std::string ca_file;
    auto how = access(options, ca_file);
    if (!how) {
        return how.error();
    }
    auto ca = read_file(ca_file, 1024 * 1024);
    if (!ca) {
        return ca.error();
    }
    how->ca_pem = *ca;
    how->region = region;
    std::unique_ptr<adopting_service> made(new adopting_service());
    made->ca_pem_ = std::move(*ca);
    auto api = api_client::make(made->io_.get_executor(), std::move(*how));
    if (!api) {
        return api.error();
    }
    made->api_ = std::make_unique<api_client>(std::move(*api));
    return made;
}

result<json::object> adopting_service::call(api_call c) {
    return wait(io_, make_call(api_.get(), std::move(c)));
}

result<json::object> adopting_service::import(v1::import_plan& plan,
                                              const std::function<void(const std::string&)>& tell) {
    std::size_t number = 0;
    for (const auto& source : plan.packages) {
        tell("Sending the code of " + source.function_arn + ", " + std::to_string(++number) +
             " of " + std::to_string(plan.packages.size()));
        auto zip = v1::pack_folder(source.folder);
        if (!zip) {
            return with_context(zip.error(), "the code of " + source.function_arn);
        }
        const auto digest = sha256_hex(*zip);
        auto put = call({.operation = "PutAdoptionPackage",
                         .signing_name = "greengrass",
                         .method = "PUT",
                         .target = "/evergrass/v1/packages/" + digest,
                         .body = nullptr,
                         .headers = {{"Content-Type", "application/zip"}},
                         .bytes = std::move(*zip)});
        if (!put) {
            return with_context(put.error(), "the code of " + source.function_arn);
        }
        v1::set_package(plan, source.function_arn, digest);
    }
    return call({.operation = "AdoptCore",
                 .signing_name = "greengrass",
                 .method = "POST",
                 .target = "/evergrass/v1/adoptions",
                 .body = nullptr,
                 .headers = {{"Content-Type", "application/json"}},
                 .bytes = std::string(v1::request_text(plan).view())});
}

result<bool> adopting_service::put_shadow(const v1::old_shadow& shadow) {
    const auto target = "/things/" + percent_encode(shadow.thing) + "/shadow";
    const auto there = call({.operation = "GetThingShadow",
                             .signing_name = "iotdata",
                             .method = "GET",
                             .target = target});
    if (there) {
        return false;
    }
    if (there.error().code != errc::not_found) {
        return there.error();
    }
    auto document = parse_json(shadow.document);
    const auto* state = document && document->is_object()
                            ? object_member(document->get_object(), "state")
                            : nullptr;
    if (state == nullptr) {
        return error{errc::invalid_input, shadow.where + " holds no shadow"};
    }
    json::object wanted;
    for (const auto* section : {"desired", "reported"}) {
        if (const auto* part = object_member(*state, section)) {
            wanted[section] = *part;
        }
    }
    auto put = call({.operation = "UpdateThingShadow",
                     .signing_name = "iotdata",
                     .method = "POST",
                     .target = target,
                     .body = json::object{{"state", std::move(wanted)}}});
    if (!put) {
        return put.error();
    }
    return true;
}

result<bool> adopting_service::has_secret(const std::string& arn) {
    const auto described = call({.operation = "DescribeSecret",
                                 .signing_name = "secretsmanager",
                                 .method = "POST",
                                 .target = "/",
                                 .body = json::object{{"SecretId", arn}},
                                 .headers = {{"X-Amz-Target", "secretsmanager.DescribeSecret"}}});
    if (!described) {
        // Of this protocol "there is none" is 400 too.
        const bool none =
            described.error().code == errc::not_found ||
            described.error().message().find("ResourceNotFoundException") != std::string::npos;
        return none ? result<bool>(false) : described.error();
    }
    return true;
}

result<bool> adopting_service::put_model(const v1::model_source& model) {
    object_client objects(*api_);
    auto put = wait(io_, put_adopted_model(objects, model));
    return put ? put : with_context(put.error(), "the model of resource " + model.resource_id);
}

result<std::string> adopting_service::deploy(const std::string& group_id) {
    const auto group = call({.operation = "GetGroup",
                             .signing_name = "greengrass",
                             .method = "GET",
                             .target = "/greengrass/groups/" + group_id});
    if (!group) {
        return group.error();
    }
    const auto made =
        call({.operation = "CreateDeployment",
              .signing_name = "greengrass",
              .method = "POST",
              .target = "/greengrass/groups/" + group_id + "/deployments",
              .body = json::object{
                  {"DeploymentType", "NewDeployment"},
                  {"GroupVersionId", string_member(*group, "LatestVersion").value_or("")}}});
    if (!made) {
        return made.error();
    }
    return string_member(*made, "DeploymentId").value_or("");
}

result<adopting_service::deployment_state> adopting_service::deployment(const std::string& group_id,
                                                                        const std::string& id) {
    const auto answer =
        call({.operation = "GetDeploymentStatus",
              .signing_name = "greengrass",
              .method = "GET",
              .target = "/greengrass/groups/" + group_id + "/deployments/" + id + "/status"});
    if (!answer) {
        return answer.error();
    }
    return deployment_state{string_member(*answer, "DeploymentStatus").value_or(""),
                            string_member(*answer, "ErrorMessage").value_or("")};
}

result<service_place_of_core> adopting_service::place() {
    service_place_of_core out;
    for (const auto* type : {"iot:Data-ATS", "iot:CredentialProvider"}) {
        const auto answer = call({.operation = "DescribeEndpoint",
                                  .signing_name = "iot",
                                  .method = "GET",
                                  .target = "/endpoint?endpointType=" + percent_encode(type)});
        if (!answer) {
            return answer.error();
        }
        const auto text = string_member(*answer, "endpointAddress").value_or("");
        const bool is_mqtt = std::string_view(type) == "iot:Data-ATS";
        // Without a port it is AWS's usual one.
        const auto at = parse_host_port(
            text.find(':') == std::string::npos ? text + (is_mqtt ? ":8883" : ":8443") : text);
        if (!at) {
            return at.error();
        }
        (is_mqtt ? out.mqtt_host : out.https_host) = at->host;
        (is_mqtt ? out.mqtt_port : out.https_port) = at->port;
    }
    return out;
}

}  // namespace evergrass::cli

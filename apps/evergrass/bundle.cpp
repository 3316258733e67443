// `evergrass bundle`: a group file for a core that no network leads to.
#include "contract/bundle.hpp"

#include "apps/evergrass/api_place.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_manifest.hpp"
#include "apps/evergrass/local_deploy.hpp"
#include "apps/evergrass/object_client.hpp"
#include "apps/evergrass/secret_client.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "apps/evergrass/service_place.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

struct bundle_options {
    api_place where;
    std::filesystem::path file;
    std::filesystem::path output;
    std::filesystem::path data;
    bool json = false;
};

std::map<std::string, std::string> certificates_of(const json::object& group) {
    std::map<std::string, std::string> ids;
    for (const auto* section : {"core", "devices"}) {
        for (const auto* part : group_file::parts_of(group, section)) {
            ids[string_member(*part, "thing").value_or("")] =
                string_member(*part, "certificate").value_or("");
        }
    }
    return ids;
}

// What the service alone knows of the group.
asio::awaitable<result<deployment_frame>> frame_of(api_client& api, const wanted_group& wanted) {
    group_reader reader(api);
    const auto name = string_member(wanted.group, "group").value_or("");
    auto found = co_await reader.load(name);
    if (!found) {
        co_return found.error();
    }
    if (!*found) {
        co_return error{errc::not_found,
                        "the service has no group '" + name +
                            "': make it first (evergrass group apply FILE --no-deploy)"};
    }
    deployment_frame frame;
    frame.whose = (*found)->whose;
    frame.group_id = (*found)->id;
    frame.now = std::chrono::system_clock::now();
    frame.certificates = certificates_of((*found)->group);
    const auto path = "/greengrass/groups/" + frame.group_id + "/certificateauthorities";
    api_call list{"ListGroupCertificateAuthorities", "greengrass", "GET", path};
    auto listed = co_await api.call(std::move(list));
    if (!listed) {
        co_return listed.error();
    }
    const auto* authorities = array_member(*listed, "GroupCertificateAuthorities");
    const auto all = authorities != nullptr ? *authorities : json::array();
    for (const auto& each : all) {
        const auto id = each.is_object()
                            ? string_member(each.get_object(), "GroupCertificateAuthorityId")
                            : std::nullopt;
        api_call get{"GetGroupCertificateAuthority", "greengrass", "GET",
                     path + "/" + percent_encode(id.value_or(""))};
        auto authority = co_await api.call(std::move(get));
        if (!authority) {
            co_return authority.error();
        }
        frame.group_cas.push_back(string_member(*authority, "PemEncodedCertificate").value_or(""));
    }
    co_return frame;
}

// Versions of the labels that the group wants, put together: one may have several of them.
asio::awaitable<result<std::optional<edge::secret>>> secret_at_service(secret_client& secrets,
                                                                       file_secret wanted) {
    std::optional<edge::secret> found;
    auto labels = wanted.labels;
    labels.insert(labels.begin(), std::string(edge::current_stage));
    for (const auto& label : labels) {
        auto version = co_await secrets.value(wanted.name_or_arn(), label);
        if (!version) {
            co_return version.error();
        }
        if (!*version && found) {
            co_return error{errc::not_found,
                            "resource '" + wanted.id + "': the secret '" + wanted.name_or_arn() +
                                "' has no version with the staging label '" + label + "'"};
        }
        if (!*version) {
            co_return found;
        }
        if (!found) {
            found = std::move(**version);
            continue;
        }
        auto& fresh = (*version)->versions.front();
        const bool known = std::ranges::any_of(
            found->versions, [&](const auto& each) { return each.id == fresh.id; });
        if (!known) {
            found->versions.push_back(std::move(fresh));
        }
    }
    co_return found;
}

// Values of the file before those of the service; sealed for the certificate that the service has
// of the core.
asio::awaitable<result<void>> add_secrets(api_client& api, const wanted_group& wanted,
                                          deployment_frame& frame) {
    secret_client secrets(api);
    const auto all = secrets_of(wanted.group);
    if (!all.empty()) {
        protect_values("evergrass bundle");
    }
    for (const auto& each : all) {
        auto arn = co_await secrets.arn(each.name_or_arn());
        if (!arn) {
            co_return arn.error();
        }
        if (each.value) {
            auto value = read_value(each, wanted.file.parent_path());
            if (!value) {
                co_return value.error();
            }
            auto its = *arn               ? **arn
                       : each.arn.empty() ? arn_of_name(frame.whose, each.name)
                                          : each.arn;
            frame.secret_arns[each.id] = its;
            frame.secrets.push_back(as_secret(each, std::move(its), std::move(*value), frame.now));
            continue;
        }
        auto found = co_await secret_at_service(secrets, each);
        if (!found) {
            co_return found.error();
        }
        if (*found) {
            frame.secret_arns[each.id] = (*found)->arn;
            frame.secrets.push_back(std::move(**found));
        } else if (!each.arn.empty()) {
            std::cerr << "evergrass: the bundle is without the secret " << each.arn
                      << ", which the service does not have: the core needs it in its own store "
                         "(evergrass secrets put)\n";
        } else {
            co_return error{errc::not_found,
                            "resource '" + each.id + "': the service has no secret '" + each.name +
                                "': say where its value is (valueFrom: env:NAME, file:PATH or "
                                "prompt)"};
        }
    }
    co_return result<void>();
}

asio::awaitable<result<void>> add_core_certificate(api_client& api, const wanted_group& wanted,
                                                   deployment_frame& frame) {
    const auto cores = group_file::parts_of(wanted.group, "core");
    if (frame.secrets.empty() || cores.empty()) {
        co_return result<void>();
    }
    auto id = string_member(*cores[0], "certificate").value_or("");
    if (id.empty()) {
        id = frame.certificates[string_member(*cores[0], "thing").value_or("")];
    }
    api_call describe{"DescribeCertificate", "iot", "GET", "/certificates/" + percent_encode(id)};
    auto told = co_await api.call(std::move(describe));
    if (!told) {
        co_return with_context(told.error(),
                               "the core's certificate, for which secrets are sealed");
    }
    if (const auto* description = object_member(*told, "certificateDescription")) {
        frame.core_certificate = string_member(*description, "certificatePem").value_or("");
    }
    co_return result<void>();
}

// The models of the group that the file does not have.
asio::awaitable<result<void>> add_models(api_client& api, const wanted_group& wanted,
                                         deployment_frame& frame,
                                         std::function<void(const std::string&)> tell) {
    group_reader reader(api);
    const object_client objects(api);
    for (const auto* part : group_file::parts_of(wanted.group, "resources")) {
        const auto* model = object_member(*part, "model");
        const auto id = string_member(*part, "id").value_or("");
        if (model == nullptr || wanted.models.contains(id)) {
            continue;
        }
        const auto uri = aws::parse_s3_uri(string_member(*model, "s3").value_or(""));
        if (!uri) {
            co_return with_context(uri.error(), "resource '" + id + "': model.s3");
        }
        tell("fetching the model s3://" + uri->bucket + "/" + uri->key);
        auto bytes = co_await reader.package(objects.location(*uri));
        if (!bytes) {
            co_return with_context(bytes.error(), "resource '" + id + "': the model s3://" +
                                                      uri->bucket + "/" + uri->key);
        }
        auto archive = model_of(std::move(*bytes), "s3://" + uri->bucket + "/" + uri->key);
        if (!archive) {
            co_return with_context(archive.error(), "resource '" + id + "'");
        }
        frame.models[id] = std::move(*archive);
    }
    co_return result<void>();
}

result<contract::signed_manifest> sign(const std::filesystem::path& data, std::string text) {
    const auto answer = ask_service({.data = data, .json = false}, "/sign",
                                    json::object{{"manifest", base64_encode(text)}});
    if (!answer) {
        return answer.error();
    }
    const auto signature = base64_decode(string_member(*answer, "signature").value_or(""));
    if (!signature || signature->size() != 64) {
        return error{errc::invalid_input, "the service answered without a signature"};
    }
    return contract::signed_manifest{std::move(text), *signature,
                                     string_member(*answer, "keyId").value_or("")};
}

asio::awaitable<int> write_bundle(api_client& api, bundle_options options) {
    auto wanted = read_wanted(options.file);
    if (!wanted) {
        co_return say_failure(wanted.error());
    }
    const std::function<void(const std::string&)> tell =
        [json = options.json](const std::string& step) {
            if (!json) {  // then one object is all that is printed
                std::cout << "  " << step << std::endl;
            }
        };
    tell("read " + options.file.string() + "; asking the service for the group");
    auto frame = co_await frame_of(api, *wanted);
    if (!frame) {
        co_return say_failure(frame.error());
    }
    auto added = co_await add_secrets(api, *wanted, *frame);
    if (added) {
        added = co_await add_core_certificate(api, *wanted, *frame);
    }
    if (added) {
        added = co_await add_models(api, *wanted, *frame, tell);
    }
    if (!added) {
        co_return say_failure(added.error());
    }
    auto made = make_deployment(*wanted, *frame);
    if (!made) {
        co_return say_failure(made.error());
    }
    tell("asking the service for its signature");
    auto sealed = sign(options.data, contract::to_json_text(made->manifest));
    if (!sealed) {
        co_return say_failure(sealed.error());
    }
    const auto text = bundle_text(*made, *sealed);
    if (auto written = write_file_atomically(options.output, text, 0600); !written) {
        co_return say_failure(written.error());
    }
    const auto& m = made->manifest;
    if (options.json) {
        std::cout << json::serialize(json::object{{"file", options.output.string()},
                                                  {"bytes", text.size()},
                                                  {"deploymentId", m.deployment_id},
                                                  {"core", m.core.thing_name()},
                                                  {"secrets", frame->secrets.size()},
                                                  {"keyId", sealed->key_id}})
                  << "\n";
    } else {
        std::cout << options.output.string() << ": deployment " << m.deployment_id
                  << " for the core " << m.core.thing_name() << ", " << made->artifacts.size()
                  << " packages, " << frame->secrets.size()
                  << (frame->secrets.size() == 1 ? " secret, " : " secrets, ") << text.size() / 1024
                  << " KiB. There: evergrass deploy " << options.output.filename().string() << "\n";
    }
    co_return 0;
}

}  // namespace

void add_bundle(CLI::App& app, verbs& all) {
    auto options = std::make_shared<bundle_options>();
    auto* made = app.add_subcommand(
        "bundle", "Write a group file as a bundle that its core takes without a network");
    made->add_option("FILE", options->file, "The group file")->required();
    made->add_option("-o,--output", options->output, "Where the bundle goes")
        ->required()
        ->type_name("OUT");
    made->add_option("--data", options->data,
                     "The service's folder, whose socket signs (default: DIR/service of --dir)")
        ->type_name("DIR");
    made->add_flag("--json", options->json, "Print JSON");
    add_api_place(*made, options->where);
    all.push_back({made,
                   [options] {
                       if (options->data.empty()) {
                           options->data = options->where.directory / "service";
                       }
                       return run_with_api(options->where, [options](api_client& api) {
                           return write_bundle(api, *options);
                       });
                   },
                   true});
}

}  // namespace evergrass::cli

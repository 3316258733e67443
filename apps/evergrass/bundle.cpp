// `evergrass bundle`: a group file for a core that no network leads to.
#include "contract/bundle.hpp"

#include "apps/evergrass/api_place.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_manifest.hpp"
#include "apps/evergrass/local_deploy.hpp"
#include "apps/evergrass/service_place.hpp"
#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

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
    auto frame = co_await frame_of(api, *wanted);
    if (!frame) {
        co_return say_failure(frame.error());
    }
    auto made = make_deployment(*wanted, *frame);
    if (!made) {
        co_return say_failure(made.error());
    }
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
                                                  {"keyId", sealed->key_id}})
                  << "\n";
    } else {
        std::cout << options.output.string() << ": deployment " << m.deployment_id
                  << " for the core " << m.core.thing_name() << ", " << made->artifacts.size()
                  << " packages, " << text.size() / 1024 << " KiB. There: evergrass deploy "
                  << options.output.filename().string() << "\n";
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

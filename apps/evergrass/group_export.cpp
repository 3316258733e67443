#include "apps/evergrass/group_export.hpp"

#include "apps/evergrass/api_place.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/group_apply.hpp"
#include "apps/evergrass/object_client.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <iostream>
#include <memory>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

struct export_options {
    api_place where;
    std::string group;
    std::filesystem::path code;
    bool json = false;
};

// A certificate that the thing tells goes without saying.
asio::awaitable<result<void>> drop_told_certificate(group_reader& reader, json::object& part) {
    const auto its = string_member(part, "certificate");
    auto attached = co_await reader.certificates(string_member(part, "thing").value_or(""));
    if (!attached) {
        co_return attached.error();
    }
    if (*attached && (*attached)->size() == 1 && (*attached)->front() == its) {
        part.erase("certificate");
    }
    co_return result<void>();
}

asio::awaitable<result<void>> save_code(group_reader& reader, const export_options& options,
                                        json::object& part) {
    if (part.contains("arn")) {
        co_return result<void>();
    }
    const auto name = string_member(part, "name").value_or("");
    auto found = co_await reader.function(name, qualifier_of(part));
    if (!found) {
        co_return found.error();
    }
    if (!*found || (*found)->location.empty()) {
        co_return error{errc::not_found, "the service has no package of function '" + name + "'"};
    }
    auto zip = co_await reader.package((*found)->location);
    if (!zip) {
        co_return with_context(zip.error(), "the package of function '" + name + "'");
    }
    if (auto made = make_directories(options.code); !made) {
        co_return made;
    }
    const auto file = options.code / (group_file::key_of("functions", part) + ".zip");
    if (auto written = write_file_atomically(file, *zip); !written) {
        co_return written;
    }
    part.erase("version");
    part["code"] = file.string();
    part["runtime"] = (*found)->runtime;
    part["handler"] = (*found)->handler;
    co_return result<void>();
}

// The folder of the object stays, so that the same model is found there again.
asio::awaitable<result<void>> save_model(api_client& api, const export_options& options,
                                         json::object& part) {
    auto* model = part.if_contains("model");
    if (model == nullptr) {
        co_return result<void>();
    }
    const auto uri = string_member(model->get_object(), "s3").value_or("");
    const auto id = group_file::key_of("resources", part);
    const auto object = aws::parse_s3_uri(uri);
    if (!object) {
        co_return with_context(object.error(), "resource '" + id + "'");
    }
    group_reader reader(api);
    const object_client objects(api);
    auto bytes = co_await reader.package(objects.location(*object));
    auto archive = bytes ? model_of(std::move(*bytes), uri) : bytes.error();
    if (!archive) {
        co_return with_context(archive.error(), "the model of resource '" + id + "', " + uri);
    }
    if (auto made = make_directories(options.code); !made) {
        co_return made;
    }
    const auto file = options.code / (id + archive->extension);
    if (auto written = write_file_atomically(file, archive->bytes); !written) {
        co_return written;
    }
    json::object named{
        {"path", file.string()},
        {"s3", "s3://" + object->bucket + "/" + object->key.substr(0, object->key.rfind('/') + 1)}};
    for (const auto& member : model->get_object()) {
        if (member.key() != "s3") {
            named[member.key()] = member.value();
        }
    }
    *model = std::move(named);
    co_return result<void>();
}

asio::awaitable<int> export_group(api_client& api, export_options options) {
    group_reader reader(api);
    auto loaded = co_await reader.load(options.group);
    if (!loaded) {
        co_return say_failure(loaded.error());
    }
    if (!*loaded) {
        co_return say_failure({errc::not_found, "no group has the name or the id '" +
                                                    options.group +
                                                    "'; aws greengrass list-groups lists them"});
    }
    auto& group = (*loaded)->group;
    if (auto* core = group.if_contains("core")) {
        auto dropped = co_await drop_told_certificate(reader, core->get_object());
        if (!dropped) {
            co_return say_failure(dropped.error());
        }
    }
    if (auto* devices = group.if_contains("devices")) {
        for (auto& each : devices->get_array()) {
            auto dropped = co_await drop_told_certificate(reader, each.get_object());
            if (!dropped) {
                co_return say_failure(dropped.error());
            }
        }
    }
    if (auto* functions = group.if_contains("functions");
        functions != nullptr && !options.code.empty()) {
        for (auto& each : functions->get_array()) {
            auto saved = co_await save_code(reader, options, each.get_object());
            if (!saved) {
                co_return say_failure(saved.error());
            }
        }
    }
    if (auto* resources = group.if_contains("resources");
        resources != nullptr && !options.code.empty()) {
        for (auto& each : resources->get_array()) {
            auto saved = co_await save_model(api, options, each.get_object());
            if (!saved) {
                co_return say_failure(saved.error());
            }
        }
    }
    for (const auto& note : (*loaded)->notes) {
        std::cerr << "evergrass: " << note << "\n";
    }
    std::cout << (options.json ? to_pretty_json(group) : group_file::to_text(group));
    co_return 0;
}

}  // namespace

void add_group_export(CLI::App& group, verbs& all) {
    auto options = std::make_shared<export_options>();
    auto* made = group.add_subcommand("export", "Print a group of the service as a group file");
    made->add_option("GROUP", options->group, "Its name or id")->required();
    made->add_option(
            "--code", options->code,
            "Also fetch the packages of its functions and its models into this folder, and "
            "name them by path: then the file has all that another service needs but "
            "secrets")
        ->type_name("DIR");
    made->add_flag("--json", options->json, "Print it as JSON");
    add_api_place(*made, options->where);
    all.push_back({made,
                   [options] {
                       return run_with_api(options->where, [options](api_client& api) {
                           return export_group(api, *options);
                       });
                   },
                   true});
}

}  // namespace evergrass::cli

#include "apps/evergrass/provision_core.hpp"

#include "apps/evergrass/core_config.hpp"
#include "apps/evergrass/group_edit.hpp"
#include "apps/evergrass/identity_verb.hpp"
#include "libs/base/errors.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr char about[] =
    "Make what a core needs, through the service's public AWS APIs: a thing, a key, a certificate\n"
    "and a policy, and a bundle to unpack in the core's folder: certs/ and config/config.json.\n"
    "The key is made here and not sent; with --csr it never leaves the core.\n"
    "What was made is noted beside the bundle: --undo removes it.";

// A core's topics are those of its group, which nobody knows yet; V1's guide grants the same.
constexpr char core_policy[] =
    R"({"Version":"2012-10-17","Statement":[)"
    R"({"Effect":"Allow","Action":["iot:Connect"],"Resource":["{IOT}client/{NAME}*"]},)"
    R"({"Effect":"Allow","Action":["iot:Publish","iot:Subscribe","iot:Receive",)"
    R"("iot:GetThingShadow","iot:UpdateThingShadow","iot:DeleteThingShadow"],"Resource":["*"]},)"
    R"({"Effect":"Allow","Action":["greengrass:*"],"Resource":["*"]}]})";

// Tells the service at which addresses devices find the core (spec/core.md).
constexpr char address_detector[] = "arn:aws:lambda:::function:GGIPDetector:1";

struct provision_options {
    identity_options identity;
    std::string group;
    std::filesystem::path root = "/greengrass";
    std::uint16_t mqtt_port = 8883;
    std::uint16_t daemon_port = 8000;
    bool undo = false;
};

json::value config_of(const provision_options& options, const made_identity& made,
                      const device_endpoints& endpoints) {
    const auto certs = options.root / "certs";
    up_state core;
    core.core.arn = made.thing_arn;
    core.core.cert_file = (certs / (options.identity.name + ".cert.pem")).string();
    core.core.key_file = (certs / (options.identity.name + ".private.key")).string();
    core_places places;
    places.iot_mqtt = endpoints.mqtt;
    places.iot_https = endpoints.https;
    places.core_mqtt = options.mqtt_port;
    places.ipc = options.daemon_port;
    places.root = options.root;
    places.ca_file = certs / "root.ca.pem";
    auto config = core_config(core, places);
    // What `up` says of this machine is not known of the core's.
    auto& members = config.as_object();
    members.erase("mqttMaxConnectionRetryInterval");
    members.erase("pidFileDirectory");
    members["coreThing"].as_object().erase("ggMqttAddress");
    members["runtime"].as_object()["cgroup"] = json::object{{"useSystemd", "yes"}};
    return config;
}

asio::awaitable<result<void>> check_group_name(api_client& api, std::string name) {
    if (name.empty()) {
        co_return result<void>();
    }
    const auto there = co_await find_group(api, name);
    if (!there && there.error().code == errc::not_found) {
        co_return result<void>();
    }
    if (!there && there.error().code != errc::conflict) {
        co_return there.error();
    }
    co_return error{errc::conflict, "The service has a group '" + name +
                                        "' already. Give --group another name, or leave it out "
                                        "and put the core into that group yourself"};
}

// The group's id. Its parts are noted one by one: undo removes them with the core.
asio::awaitable<result<std::string>> make_group(api_client& api, identity_maker& maker,
                                                std::string name, made_identity made,
                                                std::string core_name) {
    json::object core{{"Id", core_name},
                      {"ThingArn", made.thing_arn},
                      {"CertificateArn", made.certificate_arn},
                      {"SyncShadow", true}};
    json::object detector{{"Id", "ip-detector"},
                          {"FunctionArn", address_detector},
                          {"FunctionConfiguration",
                           json::object{{"MemorySize", 32768}, {"Pinned", true}, {"Timeout", 3}}}};
    struct part {
        const char* family;
        const char* member;
        json::object version;
    };
    std::vector<part> parts;
    parts.push_back({"cores", "CoreDefinitionVersionArn",
                     json::object{{"Cores", json::array{std::move(core)}}}});
    parts.push_back(
        {"devices", "DeviceDefinitionVersionArn", json::object{{"Devices", json::array{}}}});
    parts.push_back({"functions", "FunctionDefinitionVersionArn",
                     json::object{{"Functions", json::array{std::move(detector)}}}});
    json::object definitions;
    for (auto& each : parts) {
        const auto definition = co_await create_definition(
            api, each.family, name + "_" + each.family, std::move(each.version));
        if (!definition) {
            co_return definition.error();
        }
        if (auto noted = maker.note({made_item::kind::definition, definition->id, each.family});
            !noted) {
            co_return noted.error();
        }
        definitions[each.member] = definition->version_arn;
    }
    api_call create{"CreateGroup", "greengrass", "POST", "/greengrass/groups",
                    json::object{{"Name", name}}};
    const auto group = co_await api.call(std::move(create));
    if (!group) {
        co_return group.error();
    }
    auto id = string_member(*group, "Id");
    if (!id) {
        co_return error{errc::invalid_input, "CreateGroup answered without Id"};
    }
    if (auto noted = maker.note({made_item::kind::group, *id, name}); !noted) {
        co_return noted.error();
    }
    const auto version = co_await create_group_version(api, *id, std::move(definitions));
    if (!version) {
        co_return version.error();
    }
    co_return std::move(*id);
}

std::vector<std::string> next_steps(const provision_options& options, bool has_key) {
    const auto root = options.root.string();
    const auto name = options.identity.name;
    const auto bundle = bundle_path(options.identity).string();
    std::vector<std::string> lines = {
        "On the core's machine, as root:",
        "  mkdir -p " + root + " && tar -xzf " + bundle + " -C " + root};
    if (!has_key) {
        lines.push_back("  and put the key of the CSR at " + root + "/certs/" + name +
                        ".private.key, mode 0600; or say in config/config.json where it is");
    }
    lines.push_back("  greengrassd start" +
                    (options.root == "/greengrass" ? std::string() : " --root " + root));
    if (!options.group.empty()) {
        lines.push_back("Then deploy the group " + options.group + ".");
    }
    return lines;
}

asio::awaitable<result<identity_bundle>> finish_core(identity_site at,
                                                     const provision_options& options) {
    const auto& made = at.made;
    const auto name = options.identity.name;
    identity_bundle bundle;
    bundle.said = {{"thingArn", made.thing_arn}, {"certificateArn", made.certificate_arn}};
    if (!options.group.empty()) {
        at.shown.begin("group", "making the group");
        const auto id = co_await make_group(at.api, at.maker, options.group, made, name);
        if (!id) {
            co_return id.error();
        }
        at.shown.done(options.group + " " + *id);
        bundle.said["groupId"] = *id;
    }
    bundle.files = {{"certs/root.ca.pem", std::move(at.ca_pem), 0644},
                    {"certs/" + name + ".cert.pem", made.certificate_pem, 0644}};
    if (!made.key_pem.empty()) {
        bundle.files.push_back({"certs/" + name + ".private.key", made.key_pem, 0600});
    }
    bundle.files.push_back(
        {"config/config.json", to_pretty_json(config_of(options, made, at.endpoints)), 0644});
    bundle.next_steps = next_steps(options, !made.key_pem.empty());
    co_return bundle;
}

int run_provision(const provision_options& options) {
    if (options.undo) {
        return run_undo(options.identity, "core");
    }
    identity_work work;
    work.purpose = "core";
    work.policy = core_policy;
    work.check = [&](api_client& api) { return check_group_name(api, options.group); };
    work.finish = [&](identity_site at) { return finish_core(std::move(at), options); };
    return run_identity(options.identity, work);
}

}  // namespace

void add_provision(CLI::App& app, verbs& all) {
    const auto options = std::make_shared<provision_options>();
    auto* verb = app.add_subcommand("provision", about);
    add_identity_options(*verb, options->identity, true);
    verb->add_option("--group", options->group,
                     "Make a group of that name too, with the core and address detection in it")
        ->type_name("NAME");
    verb->add_option("--root", options->root, "Where the core's folder will be")
        ->type_name("DIR")
        ->check(CLI::Validator(
            [](const std::string& text) {
                return text.starts_with('/') ? std::string()
                                             : "'" + text + "' must be an absolute path";
            },
            ""))
        ->capture_default_str();
    verb->add_option("--mqtt-port", options->mqtt_port, "Where the core's devices connect")
        ->type_name("N")
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    verb->add_option("--daemon-port", options->daemon_port, "Where functions ask the core (IPC)")
        ->type_name("N")
        ->check(CLI::Range(1, 65'535))
        ->capture_default_str();
    verb->add_flag("--undo", options->undo, "Remove what was made");
    all.push_back({verb, [options] { return run_provision(*options); }});
}

}  // namespace evergrass::cli

#include "apps/evergrass/device.hpp"

#include "apps/evergrass/device_sample.hpp"
#include "apps/evergrass/group_edit.hpp"
#include "apps/evergrass/identity_verb.hpp"
#include "libs/base/errors.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr char about_add[] =
    "Make what a device of a group needs: a thing, a key, a certificate, a policy, its entry in "
    "the\n"
    "group's device definition (a new version of the group), and a bundle with a program that "
    "finds\n"
    "the core and connects. The key is made here and not sent; with --csr it never leaves the "
    "device.";

// A device speaks to its core, whom it has to find; at the service it has its own topics alone.
constexpr char device_policy[] =
    R"({"Version":"2012-10-17","Statement":[)"
    R"({"Effect":"Allow","Action":["greengrass:Discover"],"Resource":["{IOT}thing/{NAME}"]},)"
    R"({"Effect":"Allow","Action":["iot:Connect"],"Resource":["{IOT}client/{NAME}"]},)"
    R"({"Effect":"Allow","Action":["iot:Publish","iot:Receive"],)"
    R"("Resource":["{IOT}topic/$aws/things/{NAME}/*"]},)"
    R"({"Effect":"Allow","Action":["iot:Subscribe"],)"
    R"("Resource":["{IOT}topicfilter/$aws/things/{NAME}/*"]}]})";

struct device_options {
    identity_options identity;
    std::string group;
    bool sync_shadow = false;
};

json::object settings_of(const std::string& name, const device_endpoints& endpoints) {
    return {{"thing", name},
            {"certificate", name + ".cert.pem"},
            {"key", name + ".private.key"},
            {"serviceCa", "root.ca.pem"},
            {"discoveryHost", endpoints.https.host},
            {"discoveryPort", endpoints.https.port}};
}

asio::awaitable<result<identity_bundle>> finish_device(identity_site at,
                                                       const device_options& options) {
    const auto& made = at.made;
    const auto name = options.identity.name;
    at.shown.begin("group", "adding the device to the group");
    auto group = co_await find_group(at.api, options.group);
    if (!group) {
        co_return group.error();
    }
    const auto group_id = group->id;
    const auto shown_name = group->name;
    if (auto noted = at.maker.note({made_item::kind::membership, group_id, made.thing_arn});
        !noted) {
        co_return noted.error();
    }
    device_entry entry{name, made.thing_arn, made.certificate_arn, options.sync_shadow};
    const auto added = co_await add_device(at.api, std::move(*group), std::move(entry));
    if (!added) {
        co_return added.error();
    }
    at.shown.done(shown_name + " " + group_id);
    identity_bundle bundle;
    bundle.said = {{"thingArn", made.thing_arn},
                   {"certificateArn", made.certificate_arn},
                   {"groupId", group_id}};
    const auto folder = name + "/";
    bundle.files = {{folder + "root.ca.pem", std::move(at.ca_pem), 0644},
                    {folder + name + ".cert.pem", made.certificate_pem, 0644},
                    {folder + "device.json", to_pretty_json(settings_of(name, at.endpoints)), 0644},
                    {folder + "device.py", std::string(sample::device_source()), 0755},
                    {folder + "README.txt", std::string(sample::device_readme()), 0644}};
    if (!made.key_pem.empty()) {
        bundle.files.push_back({folder + name + ".private.key", made.key_pem, 0600});
    }
    const auto file = bundle_path(options.identity).string();
    bundle.next_steps = {"Deploy the group " + shown_name + ", so that its core knows the device.",
                         "On the device: tar -xzf " + file + " && python3 " + name + "/device.py"};
    if (made.key_pem.empty()) {
        bundle.next_steps.push_back("The key of the CSR belongs at " + name + "/" + name +
                                    ".private.key there, mode 0600.");
    }
    co_return bundle;
}

asio::awaitable<result<void>> check_group(api_client& api, std::string wanted) {
    const auto group = co_await find_group(api, std::move(wanted));
    co_return group ? result<void>() : result<void>(group.error());
}

int run_add(const device_options& options) {
    identity_work work;
    work.purpose = "device";
    work.policy = device_policy;
    work.check = [&](api_client& api) { return check_group(api, options.group); };
    work.finish = [&](identity_site at) { return finish_device(std::move(at), options); };
    return run_identity(options.identity, work);
}

}  // namespace

void add_device_verbs(CLI::App& app, verbs& all) {
    auto* device = app.add_subcommand("device", "Devices of a group: their identities");
    device->require_subcommand(1);
    const auto options = std::make_shared<device_options>();
    auto* add = device->add_subcommand("add", about_add);
    add_identity_options(*add, options->identity, true);
    add->add_option("--group", options->group, "The group's name or id")
        ->required()
        ->type_name("GROUP");
    add->add_flag("--sync-shadow", options->sync_shadow,
                  "The core keeps the device's shadow the same as the service's");
    all.push_back({add, [options] { return run_add(*options); }});
    const auto to_remove = std::make_shared<identity_options>();
    auto* remove = device->add_subcommand("remove",
                                          "Remove what `evergrass device add` made: from the "
                                          "group, and at the service. It is listed\n"
                                          "first, and asked for");
    add_identity_options(*remove, *to_remove, false);
    all.push_back({remove, [to_remove] { return run_undo(*to_remove, "device"); }});
}

}  // namespace evergrass::cli

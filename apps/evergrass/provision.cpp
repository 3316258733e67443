#include "apps/evergrass/provision.hpp"

#include "apps/evergrass/sample_group.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <initializer_list>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// An answer's member that the API promises.
result<std::string> promised(const json::object& answer, std::string_view operation,
                             std::string_view name) {
    auto text = string_member(answer, name);
    if (!text || text->empty()) {
        return error{errc::invalid_input,
                     std::string(operation) + " answered without " + std::string(name)};
    }
    return std::move(*text);
}

std::string file_stem(const std::filesystem::path& folder, const std::string& certificate_id) {
    return (folder / certificate_id.substr(0, 10)).string();  // as AWS's downloads are named
}

}  // namespace

provisioner::provisioner(api_client& api, up_state& state, std::filesystem::path state_file,
                         std::filesystem::path core_certs, std::filesystem::path device_certs,
                         const sample::function_host& host, progress& shown)
    : api_(api),
      state_(state),
      state_file_(std::move(state_file)),
      core_certs_(std::move(core_certs)),
      device_certs_(std::move(device_certs)),
      host_(host),
      progress_(shown) {}

asio::awaitable<result<void>> provisioner::check_group() {
    if (state_.core.name.empty()) {
        co_return result<void>{};
    }
    api_call ask{"DescribeThing", "iot", "GET", "/things/" + state_.core.name};
    auto thing = co_await api_.call(std::move(ask));
    bool lost = !thing && thing.error().code == errc::not_found;
    if (!thing && !lost) {
        co_return thing.error();
    }
    if (!lost && !state_.group_id.empty()) {
        api_call get{"GetGroup", "greengrass", "GET", "/greengrass/groups/" + state_.group_id};
        auto group = co_await api_.call(std::move(get));
        lost = !group && group.error().code == errc::not_found;
        if (!group && !lost) {
            co_return group.error();
        }
    }
    if (!lost) {
        co_return result<void>{};
    }
    progress_.note("The service no longer has the sample group: it is made anew.");
    state_.forget_group();
    co_return save();
}

asio::awaitable<result<void>> provisioner::make_things() {
    const auto device_policy = sample::device_policy(state_.region, state_.account);
    const auto observer_policy = sample::observer_policy(state_.region, state_.account);
    auto made = co_await make_thing(state_.core, sample::core_name, sample::core_policy(), true);
    if (made) {
        made = co_await make_thing(state_.sensor, sample::sensor_name, device_policy, false);
    }
    if (made) {
        made = co_await make_thing(state_.display, sample::display_name, device_policy, false);
    }
    if (made) {
        made = co_await make_thing(state_.observer, sample::observer_name, observer_policy, false);
    }
    co_return made;
}

asio::awaitable<result<void>> provisioner::make_thing(provisioned_thing& thing, std::string name,
                                                      std::string policy, bool is_core) {
    if (thing.attached) {
        co_return result<void>{};
    }
    api_call create{"CreateThing", "iot", "POST", "/things/" + name, json::object{}};
    auto created = co_await api_.call(std::move(create));  // the same thing again: the same answer
    if (!created) {
        co_return created.error();
    }
    auto arn = promised(*created, "CreateThing", "thingArn");
    if (!arn) {
        co_return arn.error();
    }
    thing.name = name;
    thing.arn = *arn;
    if (thing.certificate_arn.empty()) {
        auto made = co_await make_certificate(thing, is_core);
        if (!made) {
            co_return made.error();
        }
    }
    auto policy_made = co_await make_policy(name, std::move(policy));
    if (!policy_made) {
        co_return policy_made.error();
    }
    api_call attach_policy{"AttachPolicy", "iot", "PUT", "/target-policies/" + name,
                           json::object{{"target", thing.certificate_arn}}};
    auto policy_attached = co_await api_.call(std::move(attach_policy));
    if (!policy_attached) {
        co_return policy_attached.error();
    }
    api_call attach_thing{"AttachThingPrincipal", "iot", "PUT", "/things/" + name + "/principals"};
    attach_thing.headers.emplace_back("x-amzn-principal", thing.certificate_arn);
    auto thing_attached = co_await api_.call(std::move(attach_thing));
    if (!thing_attached) {
        co_return thing_attached.error();
    }
    thing.attached = true;
    co_return save();
}

asio::awaitable<result<void>> provisioner::make_certificate(provisioned_thing& thing,
                                                            bool is_core) {
    api_call create{"CreateKeysAndCertificate", "iot", "POST",
                    "/keys-and-certificate?setAsActive=true"};
    auto made = co_await api_.call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    const auto* pair = object_member(*made, "keyPair");
    const auto key = pair ? string_member(*pair, "PrivateKey") : std::nullopt;
    auto pem = promised(*made, "CreateKeysAndCertificate", "certificatePem");
    auto id = promised(*made, "CreateKeysAndCertificate", "certificateId");
    auto arn = promised(*made, "CreateKeysAndCertificate", "certificateArn");
    if (!pem || !id || !arn || !key) {
        co_return error{errc::invalid_input,
                        "CreateKeysAndCertificate answered without certificate or keyPair"};
    }
    const auto stem = file_stem(is_core ? core_certs_ : device_certs_, *id);
    thing.cert_file = stem + ".cert.pem";
    thing.key_file = stem + ".private.key";
    auto written = write_file_atomically(thing.key_file, *key, 0600);
    if (written) {
        written = write_file_atomically(thing.cert_file, *pem, 0600);
    }
    if (!written) {
        co_return written.error();
    }
    thing.certificate_arn = *arn;
    co_return save();
}

// One that is there already, from a run that was interrupted, has the same document.
asio::awaitable<result<void>> provisioner::make_policy(std::string name, std::string document) {
    api_call create{"CreatePolicy", "iot", "POST", "/policies/" + name,
                    json::object{{"policyDocument", std::move(document)}}};
    auto created = co_await api_.call(std::move(create));
    if (!created && created.error().code != errc::conflict) {
        co_return created.error();
    }
    co_return result<void>{};
}

asio::awaitable<result<void>> provisioner::make_function() {
    auto zip = sample::function_zip();
    if (!zip) {
        co_return zip.error();
    }
    auto digest = sample::digest(*zip, host_);
    if (digest != state_.sample_digest) {
        state_.forget_sample();
    }
    if (!state_.function_arn.empty()) {
        co_return result<void>{};
    }
    auto uploaded = co_await upload_function(std::move(*zip));
    if (!uploaded) {
        co_return uploaded.error();
    }
    auto arn = co_await publish_function();
    if (!arn) {
        co_return arn.error();
    }
    state_.function_arn = *arn;
    state_.sample_digest = std::move(digest);
    co_return save();
}

asio::awaitable<result<void>> provisioner::upload_function(std::string zip) {
    const auto encoded = base64_encode(zip);
    api_call create{
        "CreateFunction", "lambda", "POST", "/2015-03-31/functions",
        json::object{{"FunctionName", sample::function_name},
                     {"Runtime", "python3.8"},
                     {"Role", "arn:aws:iam::" + state_.account + ":role/" + sample::group_name},
                     {"Handler", "sensor_average.function_handler"},
                     {"Description", "Averages the sample sensor's readings"},
                     {"Code", json::object{{"ZipFile", encoded}}}}};
    auto created = co_await api_.call(std::move(create));
    if (created || created.error().code != errc::conflict) {
        co_return created ? result<void>{} : result<void>(created.error());
    }
    api_call update{"UpdateFunctionCode", "lambda", "PUT",
                    "/2015-03-31/functions/" + std::string(sample::function_name) + "/code",
                    json::object{{"ZipFile", encoded}}};
    auto updated = co_await api_.call(std::move(update));
    co_return updated ? result<void>{} : result<void>(updated.error());
}

// A version of the code as it is now, and the alias moved to it: the alias's ARN.
asio::awaitable<result<std::string>> provisioner::publish_function() {
    const auto path = "/2015-03-31/functions/" + std::string(sample::function_name);
    api_call publish{"PublishVersion", "lambda", "POST", path + "/versions", json::object{}};
    auto published = co_await api_.call(std::move(publish));
    if (!published) {
        co_return published.error();
    }
    auto version = promised(*published, "PublishVersion", "Version");
    if (!version) {
        co_return version.error();
    }
    api_call create{"CreateAlias", "lambda", "POST", path + "/aliases",
                    json::object{{"Name", sample::alias_name}, {"FunctionVersion", *version}}};
    auto alias = co_await api_.call(std::move(create));
    if (!alias && alias.error().code == errc::conflict) {
        api_call update{"UpdateAlias", "lambda", "PUT", path + "/aliases/" + sample::alias_name,
                        json::object{{"FunctionVersion", *version}}};
        alias = co_await api_.call(std::move(update));
    }
    if (!alias) {
        co_return alias.error();
    }
    co_return promised(*alias, "CreateAlias", "AliasArn");
}

asio::awaitable<result<std::string>> provisioner::make_definition(std::string kind,
                                                                  json::object version) {
    json::object body{{"Name", std::string(sample::group_name) + "_" + kind},
                      {"InitialVersion", std::move(version)}};
    api_call create{"Create definition of " + kind, "greengrass", "POST",
                    "/greengrass/definition/" + kind, std::move(body)};
    auto made = co_await api_.call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    co_return promised(*made, "Create definition of " + kind, "LatestVersionArn");
}

asio::awaitable<result<void>> provisioner::make_group() {
    if (!state_.group_version_id.empty()) {
        co_return result<void>{};
    }
    struct part {
        const char* kind;
        const char* member;
        json::object version;
    };
    std::vector<part> parts;
    parts.push_back({"cores", "CoreDefinitionVersionArn", sample::cores(state_)});
    parts.push_back({"devices", "DeviceDefinitionVersionArn", sample::devices(state_)});
    parts.push_back(
        {"functions", "FunctionDefinitionVersionArn", sample::functions(state_, host_)});
    parts.push_back(
        {"subscriptions", "SubscriptionDefinitionVersionArn", sample::subscriptions(state_)});
    parts.push_back({"loggers", "LoggerDefinitionVersionArn", sample::loggers()});
    json::object definitions;
    for (auto& each : parts) {
        auto arn = co_await make_definition(each.kind, std::move(each.version));
        if (!arn) {
            co_return arn.error();
        }
        definitions[each.member] = *arn;
    }
    if (state_.group_id.empty()) {
        api_call create{"CreateGroup", "greengrass", "POST", "/greengrass/groups",
                        json::object{{"Name", sample::group_name}}};
        auto group = co_await api_.call(std::move(create));
        if (!group) {
            co_return group.error();
        }
        auto id = promised(*group, "CreateGroup", "Id");
        if (!id) {
            co_return id.error();
        }
        state_.group_id = *id;
        auto saved = save();
        if (!saved) {
            co_return saved.error();
        }
    }
    auto versioned = co_await make_group_version(std::move(definitions));
    co_return versioned;
}

asio::awaitable<result<void>> provisioner::make_group_version(json::object definitions) {
    api_call create{"CreateGroupVersion", "greengrass", "POST",
                    "/greengrass/groups/" + state_.group_id + "/versions", std::move(definitions)};
    auto made = co_await api_.call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    auto version = promised(*made, "CreateGroupVersion", "Version");
    if (!version) {
        co_return version.error();
    }
    state_.group_version_id = *version;
    co_return save();
}

asio::awaitable<result<void>> provisioner::update_connectivity(const std::string& host,
                                                               std::uint16_t port) {
    json::object entry{
        {"Id", "evergrass-up"}, {"HostAddress", host}, {"PortNumber", port}, {"Metadata", ""}};
    api_call update{"UpdateConnectivityInfo", "greengrass", "PUT",
                    "/greengrass/things/" + state_.core.name + "/connectivityInfo",
                    json::object{{"ConnectivityInfo", json::array{std::move(entry)}}}};
    auto updated = co_await api_.call(std::move(update));
    co_return updated ? result<void>{} : result<void>(updated.error());
}

}  // namespace evergrass::cli

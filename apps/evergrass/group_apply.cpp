#include "apps/evergrass/group_apply.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/rt/stream.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds poll_interval{100};
// A core that fetches large models by a slow line needs minutes; one that is off never answers.
constexpr std::chrono::minutes wait_limit{15};

// Named, because g++ 12 loses what an initializer list in a coroutine's loop refers to.
constexpr std::array<const char*, 2> thing_sections = {"core", "devices"};

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

std::string function_path(const std::string& name) {
    return "/2015-03-31/functions/" + percent_encode(name);
}

// What the member of an answer must be for the next step.
result<std::string> promised(const json::object& answer, const char* operation, const char* name) {
    auto text = text_of(answer, name);
    if (text.empty()) {
        return error{errc::invalid_input,
                     std::string(operation) + " answered without " + std::string(name)};
    }
    return text;
}

std::string policy_document(bool is_core) {
    const json::array actions =
        is_core
            ? json::array{"iot:Connect",           "iot:Publish",        "iot:Subscribe",
                          "iot:Receive",           "iot:GetThingShadow", "iot:UpdateThingShadow",
                          "iot:DeleteThingShadow", "greengrass:*"}
            : json::array{"greengrass:Discover"};
    return json::serialize(json::object{
        {"Version", "2012-10-17"},
        {"Statement",
         json::array{json::object{{"Effect", "Allow"}, {"Action", actions}, {"Resource", "*"}}}}});
}

// Of an error between the first step and the deployment: what an owner has to know besides.
error not_deployed(error why) {
    if (why.code.category() == base_category() && !why.context.empty()) {
        why.context +=
            ". Nothing was deployed and what runs is as it was; apply goes on when it is run again";
    }
    return why;
}

std::string single_of(const group_file::family& family) {  // "Core" of CoreDefinitionVersionArn
    return std::string(family.reference.substr(0, family.reference.find("Definition")));
}

}  // namespace

asio::awaitable<result<json::object>> group_applier::call(api_call c) {
    return api_.call(std::move(c));
}

asio::awaitable<result<std::string>> group_applier::apply(wanted_group wanted, group_plan plan,
                                                          apply_options options) {
    wanted_ = std::move(wanted);
    plan_ = std::move(plan);
    options_ = std::move(options);
    if (auto have = have_values(); !have) {
        co_return have.error();
    }
    if (plan_.current) {
        group_id_ = plan_.current->id;
        group_arn_ = plan_.current->arn;
        version_ = plan_.current->version;
        references_ = plan_.current->references;
    } else {
        const auto name = text_of(wanted_.group, "group");
        api_call create{"CreateGroup", "greengrass", "POST", "/greengrass/groups",
                        json::object{{"Name", name}}};
        auto created = co_await call(std::move(create));
        if (!created) {
            co_return created.error();
        }
        group_id_ = text_of(*created, "Id");
        group_arn_ = text_of(*created, "Arn");
        tell_("made the group " + name);
    }
    const auto arn = parse_arn(group_arn_);
    if (!arn) {
        co_return with_context(arn.error(), "the group's ARN");
    }
    bound_.whose = {arn->partition, arn->region, arn->account};
    auto done = co_await bring_secrets();
    if (done) {
        done = co_await bring_models();
    }
    if (done) {
        done = co_await bind_functions();
    }
    if (done) {
        done = co_await bind_things();
    }
    if (done && !plan_.sections.empty()) {
        done = co_await make_definitions();
    }
    if (done) {
        done = co_await set_rest();
    }
    if (!done) {
        co_return not_deployed(done.error());
    }
    std::string deployment;
    if (plan_.deploys) {
        auto begun = co_await deploy();
        if (!begun) {
            co_return begun.error();
        }
        deployment = std::move(*begun);
        if (options_.wait) {
            auto ended = co_await watch(deployment);
            if (!ended) {
                co_return ended.error();
            }
        }
    }
    // Last: what runs until then may need them.
    if (options_.prune) {
        auto pruned = co_await prune();
        if (!pruned) {
            co_return pruned.error();
        }
    }
    co_return deployment;
}

asio::awaitable<result<void>> group_applier::bind_functions() {
    for (const auto* part : group_file::parts_of(wanted_.group, "functions")) {
        const auto key = group_file::key_of("functions", *part);
        if (part->contains("arn")) {
            continue;
        }
        const auto package = wanted_.code.find(key);
        if (package == wanted_.code.end()) {
            bound_.functions[key] =
                bound_.whose.function_arn(text_of(*part, "name"), qualifier_of(*part));
            continue;
        }
        auto published = co_await publish(*part, package->second);
        if (!published) {
            co_return with_context(published.error(), "function " + key);
        }
    }
    co_return result<void>();
}

// Uploads what changed, publishes a version when there is one, and moves the alias.
asio::awaitable<result<void>> group_applier::publish(const json::object& part,
                                                     const code_package& code) {
    const auto key = group_file::key_of("functions", part);
    const auto name = text_of(part, "name");
    const auto alias = text_of(part, "alias");
    const auto runtime = text_of(part, "runtime");
    const auto handler = text_of(part, "handler");
    const auto is_same = [&](const std::optional<service_function>& f) {
        return f && f->digest == code.digest && f->runtime == runtime && f->handler == handler;
    };
    // What the group refers to now, or the alias: as it should be already?
    std::string qualifier = alias;
    if (alias.empty() && plan_.current) {
        for (const auto* now : group_file::parts_of(plan_.current->group, "functions")) {
            qualifier =
                group_file::key_of("functions", *now) == key ? text_of(*now, "version") : qualifier;
        }
    }
    if (!qualifier.empty()) {
        auto now = co_await reader_.function(name, qualifier);
        if (!now) {
            co_return now.error();
        }
        if (is_same(*now)) {
            bound_.functions[key] = bound_.whose.function_arn(name, qualifier);
            co_return result<void>();
        }
    }
    auto latest = co_await reader_.function(name, "");
    if (!latest) {
        co_return latest.error();
    }
    if (!*latest) {
        api_call create{
            "CreateFunction", "lambda", "POST", "/2015-03-31/functions",
            json::object{
                {"FunctionName", name},
                {"Runtime", runtime},
                {"Handler", handler.empty() ? "unused" : handler},
                // V1's cores never take it on; Lambda wants one.
                {"Role", bound_.whose.role_arn(
                             string_member(wanted_.group, "role").value_or("evergrass-function"))},
                {"Code", json::object{{"ZipFile", base64_encode(code.zip)}}}}};
        auto created = co_await call(std::move(create));
        if (!created) {
            co_return created.error();
        }
        tell_("made the function " + name);
    } else {
        if ((*latest)->digest != code.digest) {
            api_call update{"UpdateFunctionCode", "lambda", "PUT", function_path(name) + "/code",
                            json::object{{"ZipFile", base64_encode(code.zip)}}};
            auto updated = co_await call(std::move(update));
            if (!updated) {
                co_return updated.error();
            }
        }
        if ((*latest)->runtime != runtime || (*latest)->handler != handler) {
            api_call update{"UpdateFunctionConfiguration", "lambda", "PUT",
                            function_path(name) + "/configuration",
                            json::object{{"Runtime", runtime}, {"Handler", handler}}};
            auto updated = co_await call(std::move(update));
            if (!updated) {
                co_return updated.error();
            }
        }
    }
    auto version = co_await publish_version(name);
    if (!version) {
        co_return version.error();
    }
    if (alias.empty()) {
        bound_.functions[key] = bound_.whose.function_arn(name, *version);
        co_return result<void>();
    }
    api_call create{"CreateAlias", "lambda", "POST", function_path(name) + "/aliases",
                    json::object{{"Name", alias}, {"FunctionVersion", *version}}};
    auto made = co_await call(std::move(create));
    if (!made && made.error().code == errc::conflict) {
        api_call update{"UpdateAlias", "lambda", "PUT",
                        function_path(name) + "/aliases/" + percent_encode(alias),
                        json::object{{"FunctionVersion", *version}}};
        made = co_await call(std::move(update));
    }
    if (!made) {
        co_return made.error();
    }
    tell_("alias " + alias + " of " + name + " is version " + *version);
    bound_.functions[key] = bound_.whose.function_arn(name, alias);
    co_return result<void>();
}

asio::awaitable<result<std::string>> group_applier::publish_version(std::string name) {
    api_call publish{"PublishVersion", "lambda", "POST", function_path(name) + "/versions",
                     json::object{}};
    auto published = co_await call(std::move(publish));
    if (!published) {
        co_return published.error();
    }
    auto version = promised(*published, "PublishVersion", "Version");
    if (version) {
        tell_("published version " + *version + " of " + name);
    }
    co_return version;
}

asio::awaitable<result<void>> group_applier::bind_things() {
    for (const auto* section : thing_sections) {
        for (const auto* part : group_file::parts_of(wanted_.group, section)) {
            const auto thing = text_of(*part, "thing");
            auto id = text_of(*part, "certificate");
            auto attached = co_await reader_.certificates(thing);
            if (!attached) {
                co_return attached.error();
            }
            if (!*attached) {
                api_call create{"CreateThing", "iot", "POST", "/things/" + percent_encode(thing),
                                json::object{}};
                auto created = co_await call(std::move(create));
                if (!created) {
                    co_return created.error();
                }
                tell_("made the thing " + thing);
                *attached = std::vector<std::string>();
            }
            if (id.empty() && plan_.current) {  // as the group has it
                for (const auto* now : group_file::parts_of(plan_.current->group, section)) {
                    id = text_of(*now, "thing") == thing ? text_of(*now, "certificate") : id;
                }
            }
            const auto& ids = **attached;
            if (id.empty() && ids.size() > 1) {
                co_return error{errc::conflict,
                                "the thing '" + thing + "' has " + std::to_string(ids.size()) +
                                    " certificates: say which one, certificate: " + ids[0] +
                                    " for example"};
            }
            if (id.empty() && ids.size() == 1) {
                id = ids[0];
            }
            if (id.empty()) {
                auto made = co_await make_certificate(thing, std::string_view(section) == "core");
                if (!made) {
                    co_return made.error();
                }
                continue;
            }
            if (std::find(ids.begin(), ids.end(), id) == ids.end()) {
                api_call attach{"AttachThingPrincipal", "iot", "PUT",
                                "/things/" + percent_encode(thing) + "/principals"};
                attach.headers.emplace_back("x-amzn-principal", bound_.whose.certificate_arn(id));
                auto done = co_await call(std::move(attach));
                if (!done) {
                    co_return with_context(done.error(), "the certificate of '" + thing + "'");
                }
                tell_("attached its certificate to " + thing);
            }
            bound_.certificates[thing] = id;
        }
    }
    co_return result<void>();
}

// Keys and a certificate for a thing that has none. The key is on the disk before the certificate
// means anything.
asio::awaitable<result<void>> group_applier::make_certificate(std::string thing, bool is_core) {
    const auto stem = options_.certificates / thing;
    const auto key_file = stem.string() + ".private.key";
    std::error_code missing;
    if (std::filesystem::exists(key_file, missing)) {
        co_return error{errc::conflict, key_file +
                                            " is there, and the thing has no certificate: name the "
                                            "certificate in the group file, or move the key away"};
    }
    if (auto made = make_directories(options_.certificates, 0700); !made) {
        co_return made;
    }
    api_call create{"CreateKeysAndCertificate", "iot", "POST",
                    "/keys-and-certificate?setAsActive=true"};
    auto made = co_await call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    const auto* pair = object_member(*made, "keyPair");
    const auto key = pair != nullptr ? text_of(*pair, "PrivateKey") : "";
    auto id = promised(*made, "CreateKeysAndCertificate", "certificateId");
    auto arn = promised(*made, "CreateKeysAndCertificate", "certificateArn");
    auto pem = promised(*made, "CreateKeysAndCertificate", "certificatePem");
    if (!id || !arn || !pem || key.empty()) {
        co_return error{errc::invalid_input, "CreateKeysAndCertificate answered without its keys"};
    }
    auto written = write_file_atomically(key_file, key, 0600);
    if (written) {
        written = write_file_atomically(stem.string() + ".cert.pem", *pem, 0644);
    }
    if (!written) {
        co_return written;
    }
    const auto policy = text_of(wanted_.group, "group") + (is_core ? "-core" : "-device");
    api_call make_policy{"CreatePolicy", "iot", "POST", "/policies/" + percent_encode(policy),
                         json::object{{"policyDocument", policy_document(is_core)}}};
    auto policy_made = co_await call(std::move(make_policy));
    if (!policy_made && policy_made.error().code != errc::conflict) {
        co_return policy_made.error();
    }
    api_call attach_policy{"AttachPolicy", "iot", "PUT",
                           "/target-policies/" + percent_encode(policy),
                           json::object{{"target", *arn}}};
    auto attached = co_await call(std::move(attach_policy));
    if (!attached) {
        co_return attached.error();
    }
    api_call attach_thing{"AttachThingPrincipal", "iot", "PUT",
                          "/things/" + percent_encode(thing) + "/principals"};
    attach_thing.headers.emplace_back("x-amzn-principal", *arn);
    auto joined = co_await call(std::move(attach_thing));
    if (!joined) {
        co_return joined.error();
    }
    bound_.certificates[thing] = *id;
    tell_("made the key and the certificate of " + thing + ": " + stem.string() +
          ".private.key, .cert.pem");
    co_return result<void>();
}

asio::awaitable<result<void>> group_applier::make_definitions() {
    auto versions = group_file::to_api(wanted_.group, bound_);
    for (const auto& family : group_file::families()) {
        const bool subscriptions_follow =
            family.section == "subscriptions" &&
            (plan_.sections.contains("functions") || plan_.sections.contains("connectors"));
        if (!plan_.sections.contains(std::string(family.section)) && !subscriptions_follow) {
            continue;
        }
        auto* version = versions.if_contains(family.section);
        if (version == nullptr) {
            references_.erase(family.reference);
            continue;
        }
        const auto now = parse_arn(text_of(references_, family.reference));
        const auto at = now ? now->resource.find("/versions/") : std::string::npos;
        auto name = text_of(wanted_.group, "group") + "_" + std::string(family.path);
        auto create =
            at != std::string::npos
                ? api_call{"Create" + single_of(family) + "DefinitionVersion", "greengrass", "POST",
                           now->resource.substr(0, at) + "/versions", std::move(*version)}
                : api_call{"Create" + single_of(family) + "Definition", "greengrass", "POST",
                           "/greengrass/definition/" + std::string(family.path),
                           json::object{{"Name", name}, {"InitialVersion", std::move(*version)}}};
        auto made = co_await call(std::move(create));
        if (!made) {
            co_return made.error();
        }
        auto arn = promised(*made, "CreateDefinition",
                            at != std::string::npos ? "Arn" : "LatestVersionArn");
        if (!arn) {
            co_return arn.error();
        }
        references_[family.reference] = *arn;
    }
    api_call create{"CreateGroupVersion", "greengrass", "POST",
                    "/greengrass/groups/" + group_id_ + "/versions", references_};
    auto made = co_await call(std::move(create));
    if (!made) {
        co_return made.error();
    }
    auto version = promised(*made, "CreateGroupVersion", "Version");
    if (!version) {
        co_return version.error();
    }
    version_ = *version;
    tell_("made version " + version_ + " of the group");
    co_return result<void>();
}

// Role, tags, and how long certificates of the core's server last.
asio::awaitable<result<void>> group_applier::set_rest() {
    std::set<std::string> changed;
    for (const auto& each : plan_.changes) {
        changed.insert(each.section);
    }
    const auto path = "/greengrass/groups/" + group_id_;
    std::vector<api_call> calls;
    std::vector<std::string> steps;
    if (changed.contains("role")) {
        const auto role = text_of(wanted_.group, "role");
        steps.push_back(role.empty() ? "took the role away" : "set the role " + role);
        calls.push_back(
            role.empty()
                ? api_call{"DisassociateRoleFromGroup", "greengrass", "DELETE", path + "/role"}
                : api_call{"AssociateRoleToGroup", "greengrass", "PUT", path + "/role",
                           json::object{{"RoleArn", bound_.whose.role_arn(role)}}});
    }
    if (changed.contains("tags")) {
        const auto* tags = object_member(wanted_.group, "tags");
        const auto* before = plan_.current ? object_member(plan_.current->group, "tags") : nullptr;
        const auto target = "/tags/" + percent_encode(group_arn_);
        std::string gone;
        for (const auto& each : before != nullptr ? *before : json::object()) {
            if (tags == nullptr || !tags->contains(each.key())) {
                gone += (gone.empty() ? "?tagKeys=" : "&tagKeys=") + percent_encode(each.key());
            }
        }
        if (!gone.empty()) {
            steps.emplace_back("took tags away");
            calls.push_back({"UntagResource", "greengrass", "DELETE", target + gone});
        }
        if (tags != nullptr) {
            steps.emplace_back("set the tags");
            calls.push_back(
                {"TagResource", "greengrass", "POST", target, json::object{{"tags", *tags}}});
        }
    }
    if (changed.contains("certificateExpiryMs")) {
        steps.emplace_back("set how long certificates of the core's server last");
        const auto ms = int_member(wanted_.group, "certificateExpiryMs").value_or(604'800'000);
        calls.push_back({"UpdateGroupCertificateConfiguration", "greengrass", "PUT",
                         path + "/certificateauthorities/configuration/expiry",
                         json::object{{"CertificateExpiryInMilliseconds", std::to_string(ms)}}});
    }
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto done = co_await call(std::move(calls[i]));
        if (!done) {
            co_return done.error();
        }
        tell_(steps[i]);
    }
    co_return result<void>();
}

asio::awaitable<result<std::string>> group_applier::deploy() {
    api_call create{
        "CreateDeployment", "greengrass", "POST",
        "/greengrass/groups/" + group_id_ + "/deployments",
        json::object{{"DeploymentType", "NewDeployment"}, {"GroupVersionId", version_}}};
    auto created = co_await call(std::move(create));
    if (!created) {
        co_return created.error();
    }
    auto id = promised(*created, "CreateDeployment", "DeploymentId");
    if (id) {
        tell_("deployment " + *id + " is with the service");
    }
    co_return id;
}

asio::awaitable<result<void>> group_applier::watch(std::string deployment) {
    const auto deadline = std::chrono::steady_clock::now() + wait_limit;
    std::string shown;
    for (;;) {
        api_call ask{"GetDeploymentStatus", "greengrass", "GET",
                     "/greengrass/groups/" + group_id_ + "/deployments/" + deployment + "/status"};
        auto answer = co_await call(std::move(ask));
        if (!answer) {
            co_return answer.error();
        }
        const auto status = text_of(*answer, "DeploymentStatus");
        if (status != shown) {
            tell_("deployment: " + status);
            shown = status;
        }
        if (status == "Success") {
            co_return result<void>();
        }
        if (status == "Failure") {
            const bool first = !plan_.current || plan_.current->deployed_version.empty();
            co_return error{
                {},
                "the deployment failed, and the core runs " +
                    std::string(first ? "nothing of this group" : "what it ran before") + ": " +
                    string_member(*answer, "ErrorMessage").value_or("the core gave no reason")};
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            co_return error{errc::timed_out,
                            "the deployment is still " + status +
                                ": the core takes it when it is up and reaches the service"};
        }
        co_await rt::sleep_for(poll_interval);
    }
}

}  // namespace evergrass::cli

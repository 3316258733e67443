// The part of group_applier that brings what a group's resources need: secrets and models.
#include "apps/evergrass/group_apply.hpp"
#include "apps/evergrass/object_client.hpp"
#include "apps/evergrass/secret_client.hpp"
#include "apps/evergrass/secret_input.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// Of an account and a region alone, because the names of buckets are everybody's.
std::string models_bucket(const group_file::owner& whose) {
    return "evergrass-models-" + whose.account + "-" + whose.region;
}

// Named by its content: another model is another object, so that a deployment that failed can go
// back to the one before.
std::string object_of(const json::object& part, const std::string& group,
                      const group_file::owner& whose, const model_archive& archive) {
    const auto* model = object_member(part, "model");
    const auto id = string_member(part, "id").value_or("");
    const auto folder =
        string_member(*model, "s3").value_or("s3://" + models_bucket(whose) + "/" + group + "/");
    return folder + id + "-" + archive.sha256.substr(0, 16) + archive.extension;
}

std::string absence(const group_file::value_source& source) {
    return source.what == group_file::value_source::kind::environment
               ? "env: " + source.name + " is not set"
               : "file: " + source.name + " is not there";
}

const json::object* model_in(const std::optional<service_group>& current, const std::string& id) {
    if (current) {
        for (const auto* part : group_file::parts_of(current->group, "resources")) {
            if (string_member(*part, "id") == id) {
                return object_member(*part, "model");
            }
        }
    }
    return nullptr;
}

}  // namespace

asio::awaitable<result<void>> group_applier::plan_secrets(const wanted_group& wanted,
                                                          group_plan& made) {
    const auto all = secrets_of(wanted.group);
    if (!all.empty()) {
        protect_values("evergrass group");
    }
    for (const auto& each : all) {
        auto planned = co_await plan_secret(wanted, each, made);
        if (!planned) {
            co_return planned;
        }
    }
    co_return result<void>();
}

// What is asked for at the terminal is asked for once, when the service has no value: a plan that
// runs at night asks for nothing.
asio::awaitable<result<void>> group_applier::plan_secret(const wanted_group& wanted,
                                                         file_secret one, group_plan& made) {
    if (!one.value && !one.arn.empty()) {
        co_return result<void>();  // CreateDeployment looks for it
    }
    secret_client secrets(api_);
    auto arn = co_await secrets.arn(one.name_or_arn());
    if (!arn) {
        co_return arn.error();
    }
    const auto named =
        "resource '" + one.id + "': the service has no secret '" + one.name_or_arn() + "'";
    if (!*arn && !one.value) {
        co_return error{errc::not_found,
                        named +
                            ": say where its value is (valueFrom: env:NAME, file:PATH or "
                            "prompt), and apply makes it"};
    }
    if (!*arn && one.name.empty()) {
        co_return error{errc::not_found,
                        named +
                            ", and makes up the end of an ARN itself: say its name instead "
                            "(secret: {name: …}), and apply makes it"};
    }
    if (*arn) {
        made.secret_arns[one.id] = **arn;
    }
    if (!one.value) {
        co_return result<void>();
    }
    secret_change change;
    change.of = one;
    change.arn = arn->value_or("");
    const bool asks = one.value->what == group_file::value_source::kind::prompt;
    if (!asks) {
        auto value = read_value(one, wanted.file.parent_path());
        if (value) {
            change.value = std::move(*value);
        } else if (value.error().code == errc::not_found) {
            change.unknown = value.error();
        } else {
            co_return value.error();
        }
    }
    if (*arn && !change.unknown) {
        auto now = co_await secrets.value(**arn, std::string(edge::current_stage));
        if (!now) {
            co_return now.error();
        }
        const auto* version = *now ? &(*now)->versions.front() : nullptr;
        const bool same =
            version != nullptr &&
            (asks || (version->is_binary == one.binary && version->value == change.value->view()));
        if (same) {
            co_return result<void>();
        }
    }
    group_file::change told{*arn ? group_file::change::kind::alter : group_file::change::kind::add,
                            "secrets",
                            one.name.empty() ? name_in_arn(one.arn) : one.name,
                            {}};
    if (change.unknown) {
        told.details.push_back("value not known here (" + absence(*one.value) + ")");
    } else if (*arn) {
        told.details.emplace_back("value: another one than the service has");
    }
    made.changes.push_back(std::move(told));
    made.secret_changes.push_back(std::move(change));
    co_return result<void>();
}

// What the group refers to already is kept where it is this model, whatever it is called.
asio::awaitable<result<void>> group_applier::plan_models(const wanted_group& wanted,
                                                         group_plan& made) {
    if (wanted.models.empty()) {
        co_return result<void>();
    }
    auto whose = made.current ? made.current->whose : group_file::owner();
    if (!made.current) {
        auto account = co_await reader_.account();
        if (!account) {
            co_return account.error();
        }
        whose.account = std::move(*account);
        whose.region = api_.options().region;
    }
    object_client objects(api_);
    const auto group = string_member(wanted.group, "group").value_or("");
    for (const auto* part : group_file::parts_of(wanted.group, "resources")) {
        const auto id = string_member(*part, "id").value_or("");
        const auto archive = wanted.models.find(id);
        if (archive == wanted.models.end()) {
            continue;
        }
        const auto* now = model_in(made.current, id);
        std::vector<std::string> candidates;
        if (now != nullptr) {
            candidates.push_back(string_member(*now, "s3").value_or(""));
        }
        candidates.push_back(object_of(*part, group, whose, archive->second));
        bool found = false;
        for (const auto& uri : candidates) {
            const auto object = aws::parse_s3_uri(uri);
            if (!object && uri == candidates.back()) {
                co_return with_context(object.error(), "resource '" + id + "': model.s3");
            }
            if (!object) {
                continue;
            }
            auto etag = co_await objects.etag(*object);
            if (!etag) {
                co_return etag.error();
            }
            found = *etag && is_etag_of(**etag, archive->second.bytes);
            made.models[id] = uri;
            if (found) {
                break;
            }
        }
        if (!found) {
            made.uploads.insert(id);
        }
    }
    co_return result<void>();
}

// Each value, before the first step: who does not type one, or ends it there, finds nothing
// changed.
result<void> group_applier::have_values() {
    for (const auto& change : plan_.secret_changes) {
        if (change.unknown) {
            return *change.unknown;
        }
    }
    for (auto& change : plan_.secret_changes) {
        if (change.value) {
            continue;
        }
        auto asked = read_value(change.of, wanted_.file.parent_path());
        if (!asked) {
            return asked.error();
        }
        change.value = std::move(*asked);
    }
    return {};
}

asio::awaitable<result<void>> group_applier::bring_secrets() {
    bound_.secrets = plan_.secret_arns;
    secret_client secrets(api_);
    for (const auto& change : plan_.secret_changes) {
        if (!change.arn.empty()) {
            auto put = co_await secrets.put(change.arn, *change.value, change.of.binary);
            if (!put) {
                co_return put;
            }
            tell_("put a new value of the secret " + name_in_arn(change.arn));
            continue;
        }
        auto arn = co_await secrets.create(change.of.name, *change.value, change.of.binary);
        if (!arn) {
            co_return arn.error();
        }
        bound_.secrets[change.of.id] = *arn;
        tell_("made the secret " + change.of.name);
    }
    co_return result<void>();
}

asio::awaitable<result<void>> group_applier::bring_models() {
    bound_.models = plan_.models;
    object_client objects(api_);
    for (const auto& id : plan_.uploads) {
        const auto uri = plan_.models[id];
        const auto object = aws::parse_s3_uri(uri);
        const auto& archive = wanted_.models[id];
        if (!object) {
            co_return object.error();
        }
        tell_("uploading the model " + id + ", " + std::to_string(archive.bytes.size() / 1024) +
              " KiB");
        auto put = co_await objects.put(*object, archive.bytes);
        if (!put) {
            co_return with_context(put.error(), "resource '" + id + "'");
        }
        tell_("uploaded it as " + uri);
    }
    co_return result<void>();
}

}  // namespace evergrass::cli

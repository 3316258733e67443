// The part of group_applier that changes nothing.
#include "apps/evergrass/group_apply.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

json::object* part_by_key(json::object& group, std::string_view section, const std::string& key) {
    auto* list = group.if_contains(section);
    if (list == nullptr || !list->is_array()) {
        return nullptr;
    }
    for (auto& each : list->get_array()) {
        if (each.is_object() && group_file::key_of(section, each.get_object()) == key) {
            return &each.get_object();
        }
    }
    return nullptr;
}

// A certificate that is named by its file becomes its id.
result<void> read_certificate(json::object& part, const std::filesystem::path& base) {
    const auto named = text_of(part, "certificate");
    if (named.find_first_of("/.") == named.npos) {
        return {};
    }
    const auto pem = read_file(base / named, 1024 * 1024);
    if (!pem) {
        return pem.error();
    }
    const auto read = pki::read_certificate(*pem);
    if (!read) {
        return with_context(read.error(), (base / named).string());
    }
    part["certificate"] = read->id;
    return {};
}

// Secrets by their ARNs and models by their objects, where they are known.
void name_resources(json::object& group, const group_plan& plan) {
    auto* resources = group.if_contains("resources");
    for (std::size_t i = 0; resources != nullptr && i < resources->get_array().size(); ++i) {
        auto& part = resources->get_array()[i].get_object();
        const auto id = text_of(part, "id");
        if (auto* model = part.if_contains("model")) {
            if (const auto object = plan.models.find(id); object != plan.models.end()) {
                model->get_object().erase("path");
                model->get_object()["s3"] = object->second;
            }
        }
        if (auto* secret = part.if_contains("secret")) {
            auto& in = secret->get_object();
            in.erase("valueFrom");
            in.erase("binary");
            if (const auto arn = plan.secret_arns.find(id); arn != plan.secret_arns.end()) {
                in.erase("name");
                in["arn"] = arn->second;
            }
        }
    }
}

// What is compared of functions with code: its digest, in the place of path and version.
json::object comparable(const wanted_group& wanted, const group_plan& plan) {
    auto group = wanted.group;
    name_resources(group, plan);
    for (const auto& [key, package] : wanted.code) {
        auto* part = part_by_key(group, "functions", key);
        part->erase("code");
        (*part)["codeSha256"] = package.digest;
    }
    // Without code they are told by what is published.
    auto* functions = group.if_contains("functions");
    for (std::size_t i = 0; functions != nullptr && i < functions->get_array().size(); ++i) {
        auto& part = functions->get_array()[i].get_object();
        if (!part.contains("codeSha256")) {
            part.erase("runtime");
            part.erase("handler");
        }
    }
    return group;
}

}  // namespace

std::string qualifier_of(const json::object& part) {
    const auto alias = text_of(part, "alias");
    return alias.empty() ? text_of(part, "version") : alias;
}

result<wanted_group> read_wanted(const std::filesystem::path& file) {
    const auto text = read_file(file, 4 * 1024 * 1024);
    if (!text) {
        return text.error();
    }
    auto group = group_file::read_group(*text);
    if (!group) {
        auto fault = group.error();
        fault.context = file.string() + ":" + fault.context;
        return fault;
    }
    wanted_group wanted;
    wanted.file = file;
    wanted.group = std::move(*group);
    const auto base = file.parent_path();
    if (auto* core = wanted.group.if_contains("core")) {
        if (auto read = read_certificate(core->get_object(), base); !read) {
            return read.error();
        }
    }
    if (auto* devices = wanted.group.if_contains("devices")) {
        for (auto& device : devices->get_array()) {
            if (auto read = read_certificate(device.get_object(), base); !read) {
                return read.error();
            }
        }
    }
    auto code = read_all_code(wanted.group, base);
    if (!code) {
        return code.error();
    }
    wanted.code = std::move(*code);
    auto models = read_all_models(wanted.group, base);
    if (!models) {
        return models.error();
    }
    wanted.models = std::move(*models);
    return wanted;
}

asio::awaitable<result<void>> group_applier::fill_code(json::object& current,
                                                       const wanted_group& wanted) {
    for (const auto& package : wanted.code) {
        auto* part = part_by_key(current, "functions", package.first);
        if (part == nullptr) {
            continue;
        }
        auto found = co_await reader_.function(text_of(*part, "name"), qualifier_of(*part));
        if (!found) {
            co_return found.error();
        }
        if (*found) {
            (*part)["codeSha256"] = (*found)->digest;
            (*part)["runtime"] = (*found)->runtime;
            (*part)["handler"] = (*found)->handler;
        }
        part->erase("version");
    }
    co_return result<void>();
}

asio::awaitable<result<group_plan>> group_applier::plan(wanted_group wanted,
                                                        apply_options options) {
    auto found = co_await reader_.load(text_of(wanted.group, "group"));
    if (!found) {
        co_return found.error();
    }
    group_plan made;
    made.current = std::move(*found);
    json::object current;
    if (made.current) {
        current = made.current->group;
        auto filled = co_await fill_code(current, wanted);
        if (!filled) {
            co_return filled.error();
        }
    } else {
        made.changes.push_back(
            {group_file::change::kind::add, "group", text_of(wanted.group, "group"), {}});
    }
    auto planned = co_await plan_secrets(wanted, made);
    if (planned) {
        planned = co_await plan_models(wanted, made);
    }
    if (!planned) {
        co_return planned.error();
    }
    for (auto& each : group_file::difference(current, comparable(wanted, made))) {
        for (const auto& family : group_file::families()) {
            if (family.section == each.section || each.section == "defaults") {
                made.sections.insert(each.section == "defaults" ? "functions" : each.section);
            }
        }
        if (options.prune && each.what == group_file::change::kind::remove &&
            (each.section == "core" || each.section == "devices" || each.section == "functions")) {
            each.details.push_back(each.section == "functions"
                                       ? "and the function itself, with its versions and aliases"
                                       : "and the thing itself, with its certificates");
        }
        made.changes.push_back(std::move(each));
    }
    const bool deployable = options.deploy && wanted.group.contains("core");
    if (deployable && made.changes.empty() && made.current) {
        if (made.current->deployed_version != made.current->version) {
            made.why_deploys = "the group's latest version is not deployed";
        } else if (made.current->deployment_status == "Failure") {
            made.why_deploys = "the last deployment failed";
        }
    }
    made.deploys = deployable && (!made.changes.empty() || !made.why_deploys.empty());
    co_return made;
}

}  // namespace evergrass::cli

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"
#include "libs/group_file/import.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace evergrass::group_file {
namespace {

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

// A number, which the AWS CLI's pages show, or its digits, as the API's model has it.
std::optional<std::int64_t> milliseconds_of(const json::object& in, std::string_view name) {
    if (const auto number = int_member(in, name)) {
        return number;
    }
    const auto text = text_of(in, name);
    std::int64_t read = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, failed] = std::from_chars(text.data(), end, read);
    return failed == std::errc() && stopped == end ? std::optional(read) : std::nullopt;
}

// What all files say, put together.
struct gathered {
    json::object api;
    std::vector<json::object> lambdas;  // Configuration of GetFunction
    json::object references;            // of GetGroupVersion: which versions the group has
    json::object versions;              // by the reference's name: the version that was saved
    owner whose;
};

void take_owner(const json::object& in, gathered& into) {
    for (const auto& member : in) {
        const auto parsed = member.value().is_string()
                                ? parse_arn(std::string(member.value().get_string()))
                                : result<arn>(error{});
        if (parsed && !parsed->account.empty() && !parsed->region.empty() &&
            into.whose.account.empty()) {
            into.whose = {parsed->partition, parsed->region, parsed->account};
        }
    }
}

// True when there was something of a group in it.
bool take(const json::object& in, gathered& into) {
    bool found = false;
    take_owner(in, into);
    const auto* definition = object_member(in, "Definition");
    const auto& content = definition != nullptr ? *definition : in;
    for (const auto& family : families()) {
        if (const auto* members = array_member(content, family.members)) {
            into.api[family.members] = *members;
            into.versions[family.reference] = text_of(in, "Arn");
            found = true;
            for (const auto& each : *members) {
                if (each.is_object()) {
                    take_owner(each.get_object(), into);
                }
            }
        }
        if (const auto* named = content.if_contains(family.reference)) {  // of a group's version
            into.references[family.reference] = *named;
            found = true;
        }
    }
    if (const auto* defaults = object_member(content, "DefaultConfig")) {
        into.api["DefaultConfig"] = *defaults;
    }
    if (const auto* configuration = object_member(in, "Configuration")) {
        into.lambdas.push_back(*configuration);
        return true;
    }
    if (in.contains("FunctionName") && in.contains("Handler")) {
        into.lambdas.push_back(in);
        return true;
    }
    // GetGroup alone has a name and an ARN of a group.
    if (text_of(in, "Arn").find("/groups/") != std::string::npos && in.contains("Name")) {
        into.api["Name"] = in.at("Name");
        found = true;
    }
    for (const auto* name : {"tags", "Tags"}) {
        if (const auto* tags = object_member(in, name); tags != nullptr && !tags->empty()) {
            into.api["Tags"] = *tags;
            found = true;
        }
    }
    if (in.contains("RoleArn")) {
        into.api["RoleArn"] = in.at("RoleArn");
        found = true;
    }
    if (const auto expiry = milliseconds_of(in, "CertificateExpiryInMilliseconds")) {
        into.api["CertificateExpiryInMilliseconds"] = *expiry;
        found = true;
    }
    return found;
}

// A part whose answer was forgotten would be missing from the group without a word.
void compare_versions(const gathered& all, std::vector<std::string>& notes) {
    for (const auto& family : families()) {
        const auto named = text_of(all.references, family.reference);
        const auto saved = text_of(all.versions, family.reference);
        const auto section = std::string(family.section);
        if (named.empty()) {
            continue;
        }
        if (!all.api.contains(family.members)) {
            notes.push_back("Of the group's " + section +
                            " nothing is in the files: save the answer of "
                            "aws greengrass get-…-definition-version for " +
                            named + " too.");
        } else if (!saved.empty() && saved != named) {
            notes.push_back("What is kept of " + section + " is of " + saved +
                            ", and the group's version has " + named + ".");
        }
    }
}

}  // namespace

result<imported> import_saved_answers(const std::vector<source_file>& from) {
    gathered all;
    imported made;
    for (const auto& file : from) {
        const auto value = to_json(file.content);
        if (!value.is_object()) {
            return fault_at(file.content, "this is no answer of the AWS CLI: it must be an object");
        }
        if (value.get_object().contains("format") && value.get_object().contains("group")) {
            return fault_at(file.content,
                            "this is a group file already: evergrass group plan and apply take it");
        }
        if (!take(value.get_object(), all)) {
            made.notes.push_back(file.name + " is not kept: it has nothing of a group.");
        }
    }
    if (all.api.empty() && all.references.empty()) {
        return fault_at(from.empty() ? node() : from.front().content,
                        "none of it is a group's: neither a template of CloudFormation nor a "
                        "greengo.yaml nor an answer of aws greengrass get-...");
    }
    if (!all.api.contains("Name")) {
        all.api["Name"] = "group";
        made.notes.push_back(
            "The group's name is not in the files (it is in the answer of get-group): "
            "it is called group.");
    }
    std::vector<std::string> notes;
    compare_versions(all, notes);
    made.group = from_api(all.api, all.whose, &notes);
    made.notes.insert(made.notes.end(), notes.begin(), notes.end());
    auto* functions = made.group.if_contains("functions");
    if (functions == nullptr) {
        return made;
    }
    for (auto& each : functions->get_array()) {
        auto& function = each.get_object();
        for (const auto& configuration : all.lambdas) {
            if (text_of(configuration, "FunctionName") == text_of(function, "name")) {
                function["runtime"] = text_of(configuration, "Runtime");
                function["handler"] = text_of(configuration, "Handler");
            }
        }
        if (!function.contains("arn")) {
            made.notes.push_back("The code of function '" + text_of(function, "name") +
                                 "' is not in the files: its version or alias must be at the "
                                 "service, or name a folder with 'code'.");
        }
    }
    return made;
}

result<imported> import_any(const std::vector<source_file>& from, const import_options& options) {
    if (from.size() == 1) {
        const auto& only = from.front();
        if (only.content.find("Resources") != nullptr &&
            (only.content.find("AWSTemplateFormatVersion") != nullptr ||
             only.content.find("Resources")->what == node::kind::map)) {
            return import_template(only, options);
        }
        if (only.content.find("Group") != nullptr) {
            return import_greengo(only);
        }
    }
    return import_saved_answers(from);
}

}  // namespace evergrass::group_file

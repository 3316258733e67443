#include "libs/base/errors.hpp"
#include "libs/group_file/import.hpp"
#include "libs/group_file/intrinsics.hpp"

#include <optional>
#include <set>
#include <utility>

namespace evergrass::group_file {
namespace {

constexpr std::string_view greengrass = "AWS::Greengrass::";

std::string text_of(const json::object& in, std::string_view name) {
    return string_member(in, name).value_or("");
}

// A resource of the template, evaluated.
struct part {
    std::string id;
    std::string type;
    json::object properties;
};

class reader {
public:
    reader(const source_file& from, const import_options& options)
        : from_(from), options_(options), evaluate_(from.content, options.parameters) {}

    result<imported> read() {
        if (auto evaluated = evaluate_all(); !evaluated) {
            return evaluated.error();
        }
        imported made;
        const auto* group = the_group(made.notes);
        if (group == nullptr) {
            return fault_at(from_.content, "the template has no AWS::Greengrass::Group");
        }
        json::object api{{"Name", group->properties.contains("Name")
                                      ? text_of(group->properties, "Name")
                                      : group->id}};
        for (const auto* name : {"RoleArn", "Tags"}) {
            if (const auto* value = group->properties.if_contains(name)) {
                api[name] = *value;
            }
        }
        note_parameters(made.notes);
        const auto references = references_of(*group);
        for (const auto& family : families()) {
            take_family(family, text_of(references, family.reference), api, made.notes);
        }
        made.group = from_api(api, evaluate_.whose(), &made.notes);
        for (auto& member : made.group) {
            mark_unknown(member.value(), std::string(member.key()), made.notes);
        }
        add_code(made);
        note_others(made.notes);
        return made;
    }

private:
    result<void> evaluate_all() {
        const auto* resources = from_.content.find("Resources");
        for (std::size_t i = 0; resources != nullptr && i < resources->items.size(); ++i) {
            const auto& resource = resources->items[i];
            const auto* type = resource.find("Type");
            const auto* properties = resource.find("Properties");
            if (type == nullptr) {
                return fault_at(resource,
                                "the resource " + resources->keys[i].text + " has no Type");
            }
            const auto applies = evaluate_.applies(resource);
            if (!applies) {
                return applies.error();
            }
            if (!*applies) {
                continue;
            }
            part made{resources->keys[i].text, type->text, {}};
            if (properties != nullptr && is_of_a_group(type->text)) {
                auto value = evaluate_.value(*properties);
                if (!value) {
                    return value.error();
                }
                if (value->is_object()) {
                    made.properties = std::move(value->get_object());
                }
            }
            if (type->text == "AWS::Serverless::Function") {
                if (auto added = add_globals(made.properties); !added) {
                    return added;
                }
            }
            parts_.push_back(std::move(made));
        }
        return {};
    }

    // Of SAM: what all functions have that don't say it themselves.
    result<void> add_globals(json::object& properties) {
        const auto* globals = evaluate_.function_globals();
        for (const auto* name : {"Runtime", "Handler", "CodeUri"}) {
            const auto* common = globals != nullptr ? globals->find(name) : nullptr;
            if (common == nullptr || properties.contains(name)) {
                continue;
            }
            auto value = evaluate_.value(*common);
            if (!value) {
                return value.error();
            }
            properties[name] = std::move(*value);
        }
        return {};
    }

    // What else a template makes is none of ours, whatever functions its values have.
    static bool is_of_a_group(std::string_view type) {
        return type.starts_with(greengrass) || type == "AWS::Lambda::Function" ||
               type == "AWS::Serverless::Function";
    }

    const part* find(std::string_view id) const {
        for (const auto& each : parts_) {
            if (each.id == id) {
                return &each;
            }
        }
        return nullptr;
    }

    const part* the_group(std::vector<std::string>& notes) const {
        const part* found = nullptr;
        for (const auto& each : parts_) {
            if (each.type != "AWS::Greengrass::Group") {
                continue;
            }
            if (found == nullptr) {
                found = &each;
            } else {
                notes.push_back("The group " + each.id + " is not kept: a file has one group, " +
                                found->id + " here.");
            }
        }
        return found;
    }

    // Of the last AWS::Greengrass::GroupVersion, or the group's InitialVersion.
    json::object references_of(const part& group) const {
        json::object references;
        if (const auto* initial = object_member(group.properties, "InitialVersion")) {
            references = *initial;
        }
        for (const auto& each : parts_) {
            if (each.type == "AWS::Greengrass::GroupVersion" &&
                evaluator::referred(text_of(each.properties, "GroupId")) == group.id) {
                references = each.properties;
            }
        }
        return references;
    }

    // What a version of the definition has, whichever way the template says it.
    const json::object* version_of(const std::string& id) const {
        const auto* named = find(id);
        if (named == nullptr) {
            return nullptr;
        }
        if (named->type.ends_with("Version")) {
            return &named->properties;
        }
        const json::object* found = object_member(named->properties, "InitialVersion");
        for (const auto& each : parts_) {
            for (const auto& member : each.properties) {
                if (each.type.ends_with("DefinitionVersion") &&
                    member.key().ends_with("DefinitionId") && member.value().is_string() &&
                    evaluator::referred(member.value().get_string()) == id) {
                    found = &each.properties;
                }
            }
        }
        return found;
    }

    void take_family(const family& of, const std::string& reference, json::object& api,
                     std::vector<std::string>& notes) const {
        if (reference.empty()) {
            return;
        }
        const auto* version = version_of(evaluator::referred(reference));
        if (version == nullptr) {
            notes.push_back(std::string(of.reference) + " is '" + reference +
                            "', which is not in the template: its " + std::string(of.section) +
                            " are not kept. Export them from where they are.");
            return;
        }
        if (const auto* members = version->if_contains(of.members)) {
            api[of.members] = *members;
        }
        if (const auto* defaults = version->if_contains("DefaultConfig")) {
            api["DefaultConfig"] = *defaults;
        }
    }

    // What AWS makes up when it makes a resource, such as a stream's name: to be filled in.
    static void mark_unknown(json::value& in, const std::string& place,
                             std::vector<std::string>& notes) {
        if (auto* object = in.if_object()) {
            for (auto& member : *object) {
                mark_unknown(member.value(), place + "." + std::string(member.key()), notes);
            }
        } else if (auto* list = in.if_array()) {
            for (std::size_t i = 0; i < list->size(); ++i) {
                const auto* part = (*list)[i].if_object();
                const auto key = part != nullptr ? text_of(*part, "id") : std::string();
                const auto name = part != nullptr && key.empty() ? text_of(*part, "name") : key;
                mark_unknown((*list)[i],
                             place + "[" + (name.empty() ? std::to_string(i) : name) + "]", notes);
            }
        } else if (const auto* text = in.if_string()) {
            auto known = std::string(*text);
            const auto marker = evaluator::reference_to("");
            const auto begin = known.find(marker);
            if (begin == known.npos) {
                return;
            }
            for (auto at = begin; at != known.npos; at = known.find(marker, at)) {
                known.replace(at, marker.size(), "FILL-IN-");
            }
            notes.push_back(place +
                            " is not known: AWS makes it with the stack. Fill it in where " +
                            "the file has '" + known + "'.");
            in = json::string(known);
        }
    }

    struct lambda {
        json::object properties;
        std::string path;   // of the code, on this machine
        std::string where;  // else
    };

    static lambda lambda_of(const part& from) {
        lambda made{from.properties, {}, "inline in the template"};
        const auto* code = from.properties.if_contains(
            from.type == "AWS::Serverless::Function" ? "CodeUri" : "Code");
        if (code != nullptr && code->is_string()) {
            const std::string told(code->get_string());
            (told.starts_with("s3://") ? made.where : made.path) = told;
        } else if (code != nullptr && code->is_object()) {
            const auto& in = code->get_object();
            auto bucket = text_of(in, "S3Bucket") + text_of(in, "Bucket");
            if (!bucket.empty()) {
                made.where = "s3://" + bucket + "/" + text_of(in, "S3Key") + text_of(in, "Key");
            }
        }
        return made;
    }

    // The template's functions are published by apply, so their code comes into the file.
    void add_code(imported& made) const {
        auto* functions = made.group.if_contains("functions");
        if (functions == nullptr) {
            return;
        }
        for (auto& each : functions->get_array()) {
            auto& function = each.get_object();
            for (const auto& from : parts_) {
                const auto name = from.properties.contains("FunctionName")
                                      ? text_of(from.properties, "FunctionName")
                                      : from.id;
                if (!from.type.ends_with("::Function") || name != text_of(function, "name")) {
                    continue;
                }
                const auto code = lambda_of(from);
                function["runtime"] = text_of(code.properties, "Runtime");
                function["handler"] = text_of(code.properties, "Handler");
                function["code"] = code.path.empty() ? "functions/" + name : code.path;
                function.erase("version");
                if (code.path.empty()) {
                    made.notes.push_back("The code of function '" + name + "' is " + code.where +
                                         ": put it into the folder functions/" + name + ".");
                }
                if (function["runtime"].get_string().empty() ||
                    function["handler"].get_string().empty()) {
                    made.notes.push_back("The runtime or the handler of function '" + name +
                                         "' is not in the template: fill it in.");
                }
            }
        }
    }

    void note_others(std::vector<std::string>& notes) const {
        for (const auto& each : parts_) {
            const bool told = each.type.starts_with(greengrass) || each.type == "AWS::IoT::Thing" ||
                              each.type.ends_with("::Function") ||
                              each.type == "AWS::Lambda::Version" ||
                              each.type == "AWS::Lambda::Alias";
            if (told) {
                continue;
            }
            const bool made_anew = each.type == "AWS::IoT::Certificate" ||
                                   each.type == "AWS::IoT::Policy" ||
                                   each.type == "AWS::IoT::PolicyPrincipalAttachment" ||
                                   each.type == "AWS::IoT::ThingPrincipalAttachment";
            notes.push_back(each.id + " (" + each.type + ") is not kept" +
                            (made_anew ? ": apply makes keys, certificate and policy for a thing "
                                         "that has none."
                                       : ": it is no part of a group."));
        }
    }

    // One that is spelt wrong would leave a default where a value was meant.
    void note_parameters(std::vector<std::string>& notes) const {
        const auto* declared = from_.content.find("Parameters");
        for (const auto& given : options_.parameters) {
            if (!given.first.starts_with("AWS::") &&
                (declared == nullptr || declared->find(given.first) == nullptr)) {
                notes.push_back("The template has no parameter " + given.first + ".");
            }
        }
    }

    const source_file& from_;
    const import_options& options_;
    evaluator evaluate_;
    std::vector<part> parts_;
};

}  // namespace

result<imported> import_template(const source_file& from, const import_options& options) {
    return reader(from, options).read();
}

}  // namespace evergrass::group_file

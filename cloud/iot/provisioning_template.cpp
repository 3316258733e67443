#include "cloud/iot/provisioning_template.hpp"

#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace evergrass::cloud::iot {
namespace {

constexpr std::string_view thing_type = "AWS::IoT::Thing";
constexpr std::string_view certificate_type = "AWS::IoT::Certificate";
constexpr std::string_view policy_type = "AWS::IoT::Policy";
// Far above what a template of 10 KB can nest by hand.
constexpr int deepest = 16;
// Functions can multiply: Fn::Sub of a long parameter, twice in each Fn::Join around it.
constexpr std::size_t longest_text = 64 * 1024;

error wrong(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

const json::object& no_members() {
    static const json::object none;
    return none;
}

const json::object& section(const json::object& body, std::string_view name) {
    const auto* found = object_member(body, name);
    return found == nullptr ? no_members() : *found;
}

// Replaces Ref and the functions in values of the template.
class evaluator {
public:
    evaluator(const json::object& body, const json::object& given,
              const std::map<std::string, std::string>& ours)
        : parameters_(section(body, "Parameters")),
          mappings_(section(body, "Mappings")),
          given_(given),
          ours_(ours) {}

    result<json::value> value(const json::value& of, int depth = 0) const {
        if (depth > deepest) {
            return wrong("the template nests more than 16 levels");
        }
        if (const auto* object = of.if_object()) {
            return is_function(*object)
                       ? call(object->begin()->key(), object->begin()->value(), depth + 1)
                       : members(*object, depth + 1);
        }
        if (const auto* array = of.if_array()) {
            json::array done;
            for (const auto& each : *array) {
                auto one = value(each, depth + 1);
                if (!one) {
                    return one.error();
                }
                done.push_back(std::move(*one));
            }
            return json::value(std::move(done));
        }
        return of;
    }

    // A text, or a number or truth value as a text.
    result<std::string> text(const json::value& of, const std::string& where, int depth = 0) const {
        const auto done = value(of, depth);
        if (!done) {
            return done.error();
        }
        if (const auto* said = done->if_string()) {
            return std::string(*said);
        }
        if (done->is_number() || done->is_bool()) {
            return json::serialize(*done);
        }
        return wrong(where + " must be a text");
    }

    // The parameter's value: ours, the given one, or its default.
    result<std::string> parameter(const std::string& name) const {
        if (const auto known = ours_.find(name); known != ours_.end()) {
            return known->second;
        }
        if (auto said = string_member(given_, name)) {
            return std::move(*said);
        }
        if (const auto* declared = object_member(parameters_, name)) {
            if (auto standard = string_member(*declared, "Default")) {
                return std::move(*standard);
            }
        }
        return wrong("the parameter " + name + " is missing");
    }

private:
    static bool is_function(const json::object& object) {
        return object.size() == 1 &&
               (object.begin()->key() == "Ref" || object.begin()->key().starts_with("Fn::"));
    }

    result<json::value> members(const json::object& of, int depth) const {
        json::object done;
        for (const auto& [name, member] : of) {
            auto one = value(member, depth);
            if (!one) {
                return one.error();
            }
            done[name] = std::move(*one);
        }
        return json::value(std::move(done));
    }

    result<json::value> call(std::string_view name, const json::value& of, int depth) const {
        if (name == "Ref") {
            const auto* referred = of.if_string();
            return referred == nullptr ? wrong("Ref must be the name of a parameter")
                                       : as_value(parameter(std::string(*referred)));
        }
        if (name == "Fn::Join") {
            return join(of, depth);
        }
        if (name == "Fn::Select") {
            return select(of, depth);
        }
        if (name == "Fn::Split") {
            return split(of, depth);
        }
        if (name == "Fn::Sub") {
            return substitute(of, depth);
        }
        if (name == "Fn::FindInMap") {
            return find_in_map(of, depth);
        }
        return wrong(std::string(name) +
                     " is none of Fn::Join, Fn::Select, Fn::Split, Fn::Sub and "
                     "Fn::FindInMap");
    }

    static result<json::value> as_value(result<std::string> text) {
        if (!text) {
            return text.error();
        }
        if (text->size() > longest_text) {
            return wrong("a text of the template becomes longer than 64 KiB");
        }
        return json::value(json::string(*text));
    }

    static result<const json::array*> arguments(const json::value& of, std::size_t count,
                                                const std::string& name, const char* form) {
        const auto* array = of.if_array();
        if (array == nullptr || array->size() != count) {
            return wrong(name + " must be " + form);
        }
        return array;
    }

    // A list: an array, or a function that gives one.
    result<json::array> list(const json::value& of, const std::string& name, int depth) const {
        auto done = value(of, depth);
        if (!done) {
            return done.error();
        }
        auto* array = done->if_array();
        if (array == nullptr) {
            return wrong(name + " wants a list");
        }
        return std::move(*array);
    }

    result<json::value> join(const json::value& of, int depth) const {
        const auto given = arguments(of, 2, "Fn::Join", "[delimiter, [values]]");
        if (!given) {
            return given.error();
        }
        const auto delimiter = text((**given)[0], "Fn::Join's delimiter", depth);
        if (!delimiter) {
            return delimiter.error();
        }
        const auto parts = list((**given)[1], "Fn::Join", depth);
        if (!parts) {
            return parts.error();
        }
        std::string joined;
        for (std::size_t at = 0; at < parts->size() && joined.size() <= longest_text; ++at) {
            const auto part = text((*parts)[at], "a value of Fn::Join", depth);
            if (!part) {
                return part.error();
            }
            joined += (at == 0 ? "" : *delimiter) + *part;
        }
        return as_value(std::move(joined));
    }

    result<json::value> select(const json::value& of, int depth) const {
        const auto given = arguments(of, 2, "Fn::Select", "[index, [values]]");
        if (!given) {
            return given.error();
        }
        const auto index = text((**given)[0], "Fn::Select's index", depth);
        if (!index) {
            return index.error();
        }
        auto values = list((**given)[1], "Fn::Select", depth);
        if (!values) {
            return values.error();
        }
        std::size_t at = 0;
        const auto* end = index->data() + index->size();
        const auto read = std::from_chars(index->data(), end, at);
        if (read.ec != std::errc() || read.ptr != end || at >= values->size()) {
            return wrong("Fn::Select has no value " + *index + " in a list of " +
                         std::to_string(values->size()));
        }
        if ((*values)[at].is_null()) {
            return wrong("Fn::Select's value " + *index + " is null");
        }
        return std::move((*values)[at]);
    }

    result<json::value> split(const json::value& of, int depth) const {
        const auto given = arguments(of, 2, "Fn::Split", "[delimiter, text]");
        if (!given) {
            return given.error();
        }
        const auto delimiter = text((**given)[0], "Fn::Split's delimiter", depth);
        if (!delimiter) {
            return delimiter.error();
        }
        if (delimiter->empty()) {
            return wrong("Fn::Split's delimiter is empty");
        }
        const auto whole = text((**given)[1], "Fn::Split's text", depth);
        if (!whole) {
            return whole.error();
        }
        json::array parts;
        std::size_t from = 0;
        for (auto at = whole->find(*delimiter); at != std::string::npos;
             at = whole->find(*delimiter, from)) {
            parts.emplace_back(whole->substr(from, at - from));
            from = at + delimiter->size();
        }
        parts.emplace_back(whole->substr(from));
        return json::value(std::move(parts));
    }

    // "${Name}" becomes the value of the function's own variable or of a parameter; "${!Name}" is
    // the text "${Name}".
    result<json::value> substitute(const json::value& of, int depth) const {
        const auto* pair = of.if_array();
        if (pair != nullptr && (pair->size() != 2 || !(*pair)[1].is_object())) {
            return wrong("Fn::Sub must be a text, or [text, {variables}]");
        }
        const auto pattern = text(pair == nullptr ? of : (*pair)[0], "Fn::Sub's text", depth);
        if (!pattern) {
            return pattern.error();
        }
        const auto& variables = pair == nullptr ? no_members() : (*pair)[1].get_object();
        std::string done;
        std::size_t from = 0;
        while (done.size() <= longest_text) {
            const auto begin = pattern->find("${", from);
            const auto end =
                begin == std::string::npos ? std::string::npos : pattern->find('}', begin);
            if (end == std::string::npos) {
                done += pattern->substr(from);
                break;
            }
            done += pattern->substr(from, begin - from);
            const auto name = pattern->substr(begin + 2, end - begin - 2);
            from = end + 1;
            if (name.starts_with('!')) {
                done += "${" + name.substr(1) + "}";
                continue;
            }
            const auto* variable = variables.if_contains(name);
            const auto by = variable == nullptr
                                ? parameter(name)
                                : text(*variable, "Fn::Sub's variable " + name, depth);
            if (!by) {
                return by.error();
            }
            done += *by;
        }
        return as_value(std::move(done));
    }

    result<json::value> find_in_map(const json::value& of, int depth) const {
        const auto given = arguments(of, 3, "Fn::FindInMap", "[map, key, second key]");
        if (!given) {
            return given.error();
        }
        const auto* at = &mappings_;
        const json::value* found = nullptr;
        std::string way = "Mappings";
        for (std::size_t level = 0; level < 3; ++level) {
            const auto key = text((**given)[level], "a key of Fn::FindInMap", depth);
            if (!key) {
                return key.error();
            }
            way += "." + *key;
            found = at == nullptr ? nullptr : at->if_contains(*key);
            if (found == nullptr) {
                return wrong("Fn::FindInMap: there is no " + way);
            }
            at = found->if_object();
        }
        return *found;
    }

    const json::object& parameters_;
    const json::object& mappings_;
    const json::object& given_;
    const std::map<std::string, std::string>& ours_;
};

// A resource's properties, each read once.
class properties_reader {
public:
    properties_reader(const evaluator& values, const std::string& resource, const json::object& of)
        : values_(values), resource_(resource), of_(of) {}

    std::optional<std::string> text(const char* name) {
        const auto* property = of_.if_contains(name);
        if (property == nullptr || fault_) {
            return std::nullopt;
        }
        auto done = values_.text(*property, resource_ + "." + name);
        return done ? std::optional(std::move(*done)) : failed(done.error());
    }

    std::vector<std::string> texts(const char* name) {
        std::vector<std::string> all;
        const auto done = evaluated(name);
        if (!done) {
            return all;
        }
        const auto* array = done->if_array();
        if (array == nullptr) {
            failed(wrong(resource_ + "." + name + " must be a list"));
            return all;
        }
        for (const auto& each : *array) {
            const auto* said = each.if_string();
            if (said == nullptr) {
                failed(wrong(resource_ + "." + name + " must be a list of texts"));
                return all;
            }
            all.emplace_back(*said);
        }
        return all;
    }

    // An object whose members are texts.
    json::object object(const char* name) {
        const auto done = evaluated(name);
        if (!done) {
            return {};
        }
        if (!done->is_object()) {
            failed(wrong(resource_ + "." + name + " must be an object"));
            return {};
        }
        for (const auto& [member, value] : done->get_object()) {
            if (!value.is_string()) {
                failed(
                    wrong(resource_ + "." + name + "." + std::string(member) + " must be a text"));
                return {};
            }
        }
        return done->get_object();
    }

    // An object, or JSON in a text.
    std::optional<std::string> document(const char* name) {
        const auto done = evaluated(name);
        if (!done) {
            return std::nullopt;
        }
        return done->is_string() ? std::string(done->get_string()) : json::serialize(*done);
    }

    std::nullopt_t failed(error why) {
        if (!fault_) {
            fault_ = std::move(why);
        }
        return std::nullopt;
    }
    const std::optional<error>& fault() const { return fault_; }

private:
    std::optional<json::value> evaluated(const char* name) {
        const auto* property = of_.if_contains(name);
        if (property == nullptr || fault_) {
            return std::nullopt;
        }
        auto done = values_.value(*property);
        return done ? std::optional(std::move(*done)) : failed(done.error());
    }

    const evaluator& values_;
    const std::string& resource_;
    const json::object& of_;
    std::optional<error> fault_;
};

result<override_rule> rule_of(const json::object& resource, const std::string& name,
                              const char* property, bool may_merge) {
    const auto* settings = object_member(resource, "OverrideSettings");
    const auto* said = settings == nullptr ? nullptr : settings->if_contains(property);
    if (said == nullptr) {
        return override_rule::fail;
    }
    const std::string text = said->is_string() ? std::string(said->get_string()) : "";
    if (text == "FAIL") {
        return override_rule::fail;
    }
    if (text == "DO_NOTHING") {
        return override_rule::do_nothing;
    }
    if (text == "REPLACE") {
        return override_rule::replace;
    }
    if (text == "MERGE" && may_merge) {
        return override_rule::merge;
    }
    return wrong("Resources." + name + ".OverrideSettings." + property + " must be FAIL, " +
                 "DO_NOTHING, REPLACE" + (may_merge ? " or MERGE" : ""));
}

result<planned_thing> plan_thing(const evaluator& values, const std::string& name,
                                 const json::object& resource) {
    properties_reader in(values, name, section(resource, "Properties"));
    planned_thing made;
    made.logical_name = name;
    made.name = in.text("ThingName").value_or("");
    made.type = in.text("ThingTypeName");
    made.attributes = in.object("AttributePayload");
    made.groups = in.texts("ThingGroups");
    if (in.fault()) {
        return *in.fault();
    }
    const std::tuple<const char*, override_rule*, bool> rules[] = {
        {"AttributePayload", &made.on_attributes, true},
        {"ThingTypeName", &made.on_type, false},
        {"ThingGroups", &made.on_groups, true}};
    for (const auto& [property, into, may_merge] : rules) {
        const auto rule = rule_of(resource, name, property, may_merge);
        if (!rule) {
            return rule.error();
        }
        *into = *rule;
    }
    return made;
}

result<planned_certificate> plan_certificate(const evaluator& values, const std::string& name,
                                             const json::object& resource) {
    properties_reader in(values, name, section(resource, "Properties"));
    planned_certificate made;
    made.logical_name = name;
    made.id = in.text("CertificateId");
    made.csr_pem = in.text("CertificateSigningRequest");
    made.certificate_pem = in.text("CertificatePem");
    made.status = in.text("Status").value_or("ACTIVE");
    if (in.fault()) {
        return *in.fault();
    }
    // The guide's own examples write "Active" too.
    std::transform(made.status.begin(), made.status.end(), made.status.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (made.status != "ACTIVE" && made.status != "INACTIVE") {
        return wrong(name + ".Status must be ACTIVE or INACTIVE");
    }
    if (int{made.id.has_value()} + int{made.csr_pem.has_value()} +
            int{made.certificate_pem.has_value()} !=
        1) {
        return wrong(name +
                     " must have one of CertificateId, CertificateSigningRequest and "
                     "CertificatePem");
    }
    return made;
}

result<planned_policy> plan_policy(const evaluator& values, const std::string& name,
                                   const json::object& resource) {
    properties_reader in(values, name, section(resource, "Properties"));
    planned_policy made;
    made.logical_name = name;
    made.name = in.text("PolicyName");
    made.document = in.document("PolicyDocument");
    if (in.fault()) {
        return *in.fault();
    }
    if (made.name.has_value() == made.document.has_value()) {
        return wrong(name + " must have one of PolicyName and PolicyDocument");
    }
    return made;
}

result<void> check_parameters(const json::object& body) {
    for (const auto& [name, declared] : section(body, "Parameters")) {
        const auto* members = declared.if_object();
        if (members == nullptr || string_member(*members, "Type") != "String") {
            return wrong("Parameters." + std::string(name) + " must have the Type String");
        }
        if (members->contains("Default") && !string_member(*members, "Default")) {
            return wrong("Parameters." + std::string(name) + ".Default must be a text");
        }
    }
    return {};
}

result<void> check_resources(const json::object& body) {
    int things = 0;
    int certificates = 0;
    for (const auto& [name, resource] : section(body, "Resources")) {
        const auto where = "Resources." + std::string(name);
        const auto* members = resource.if_object();
        const auto type = members == nullptr ? "" : string_member(*members, "Type").value_or("");
        things += int{type == thing_type};
        certificates += int{type == certificate_type};
        if (type != thing_type && type != certificate_type && type != policy_type) {
            return wrong(where +
                         ".Type must be AWS::IoT::Thing, AWS::IoT::Certificate or "
                         "AWS::IoT::Policy");
        }
        const auto* properties = object_member(*members, "Properties");
        if (properties == nullptr) {
            return wrong(where + ".Properties must be an object");
        }
        if (type == thing_type && !properties->contains("ThingName")) {
            return wrong(where + ".Properties.ThingName is missing");
        }
    }
    if (things + certificates == 0) {
        return wrong("Resources must have a thing or a certificate");
    }
    if (things > 1 || certificates > 1) {
        return wrong("Resources has more than one thing or certificate");
    }
    return {};
}

}  // namespace

result<json::object> parse_provisioning_template(std::string_view body) {
    auto value = parse_json(body);
    if (!value) {
        return wrong("it is no JSON: " + value.error().context);
    }
    auto* object = value->if_object();
    if (object == nullptr) {
        return wrong("it must be a JSON object");
    }
    for (const char* name : {"Parameters", "Mappings", "Resources", "DeviceConfiguration"}) {
        const auto* member = object->if_contains(name);
        if (member != nullptr && !member->is_object()) {
            return wrong(std::string(name) + " must be an object");
        }
    }
    for (const auto& [name, member] : section(*object, "DeviceConfiguration")) {
        const bool nested =
            member.is_array() ||
            (member.is_object() && (member.get_object().size() != 1 ||
                                    (member.get_object().begin()->key() != "Ref" &&
                                     !member.get_object().begin()->key().starts_with("Fn::"))));
        if (nested) {
            return wrong("DeviceConfiguration." + std::string(name) +
                         " is nested; only one level is supported");
        }
    }
    if (auto checked = check_parameters(*object); !checked) {
        return checked.error();
    }
    if (auto checked = check_resources(*object); !checked) {
        return checked.error();
    }
    return std::move(*object);
}

result<void> check_fleet_template(const json::object& body) {
    for (const auto& [name, resource] : section(body, "Resources")) {
        const auto& members = resource.get_object();
        if (string_member(members, "Type") != certificate_type) {
            continue;
        }
        const auto& properties = section(members, "Properties");
        const auto* id = object_member(properties, "CertificateId");
        if (id == nullptr || string_member(*id, "Ref") != certificate_id_parameter) {
            return wrong("Resources." + std::string(name) +
                         ".Properties.CertificateId must be {\"Ref\": "
                         "\"AWS::IoT::Certificate::Id\"} in a template of fleet provisioning");
        }
        return {};
    }
    return wrong("a template of fleet provisioning must have a certificate in its Resources");
}

result<provisioning_plan> plan_provisioning(const json::object& body, const json::object& given,
                                            const std::map<std::string, std::string>& ours) {
    for (const auto& [name, value] : given) {
        if (name.starts_with("AWS::") && ours.contains(std::string(name))) {
            return wrong("the parameter " + std::string(name) + " is not the caller's to give");
        }
        if (!value.is_string()) {
            return wrong("the parameter " + std::string(name) + " must be a text");
        }
    }
    const evaluator values(body, given, ours);
    provisioning_plan plan;
    for (const auto& [key, value] : section(body, "Resources")) {
        const std::string name(key);
        const auto& resource = value.get_object();
        const auto type = string_member(resource, "Type").value_or("");
        if (type == thing_type) {
            auto made = plan_thing(values, name, resource);
            if (!made) {
                return made.error();
            }
            plan.thing = std::move(*made);
        } else if (type == certificate_type) {
            auto made = plan_certificate(values, name, resource);
            if (!made) {
                return made.error();
            }
            plan.certificate = std::move(*made);
        } else {
            auto made = plan_policy(values, name, resource);
            if (!made) {
                return made.error();
            }
            plan.policies.push_back(std::move(*made));
        }
    }
    for (const auto& [key, value] : section(body, "DeviceConfiguration")) {
        const auto text = values.text(value, "DeviceConfiguration." + std::string(key));
        if (!text) {
            return text.error();
        }
        plan.device_configuration[key] = *text;
    }
    return plan;
}

}  // namespace evergrass::cloud::iot

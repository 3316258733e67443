#include "libs/group_file/intrinsics.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace evergrass::group_file {
namespace {

constexpr std::string_view reference = "evergrass-ref:";
// A template has at most 1 MB; what is more than this goes in circles or grows by itself.
constexpr int max_depth = 64;
constexpr std::size_t max_steps = 50'000;
constexpr std::size_t max_text = 64 * 1024;

constexpr const char* pseudo_region = "AWS::Region";

std::string given(const std::map<std::string, std::string>& parameters, const std::string& name,
                  const char* otherwise) {
    const auto found = parameters.find(name);
    return found != parameters.end() ? found->second : otherwise;
}

std::string as_text(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// {"Fn::Sub": x} and {"Ref": x} are calls.
bool is_call(const node& of) {
    return of.what == node::kind::map && of.keys.size() == 1 &&
           (of.keys[0].text == "Ref" || of.keys[0].text == "Condition" ||
            of.keys[0].text.starts_with("Fn::"));
}

std::string type_of(const node& resource) {
    const auto* type = resource.find("Type");
    return type != nullptr ? type->text : std::string();
}

// Counts how deep an evaluation is.
struct deeper {
    int& depth;
    explicit deeper(int& counted) : depth(++counted) {}
    ~deeper() { --depth; }
    deeper(const deeper&) = delete;
    deeper& operator=(const deeper&) = delete;
};

}  // namespace

std::string evaluator::reference_to(std::string_view logical_id) {
    return std::string(reference) + std::string(logical_id);
}

std::string evaluator::referred(std::string_view text) {
    return text.starts_with(reference) ? std::string(text.substr(reference.size())) : std::string();
}

evaluator::evaluator(const node& document, const std::map<std::string, std::string>& parameters)
    : document_(document), parameters_(parameters) {
    // Who owns what the parameters name owns the stack.
    owner told{"aws", "us-east-1", "123456789012"};
    for (const auto& [name, value] : parameters) {
        const auto parsed = parse_arn(value);
        if (parsed && !parsed->region.empty() && !parsed->account.empty()) {
            told = {parsed->partition, parsed->region, parsed->account};
        }
    }
    whose_.partition = given(parameters, "AWS::Partition", told.partition.c_str());
    whose_.region = given(parameters, pseudo_region, told.region.c_str());
    whose_.account = given(parameters, "AWS::AccountId", told.account.c_str());
}

const node* evaluator::resource(const std::string& id) const {
    const auto* resources = document_.find("Resources");
    return resources != nullptr ? resources->find(id) : nullptr;
}

const node* evaluator::function_globals() const {
    const auto* globals = document_.find("Globals");
    return globals != nullptr ? globals->find("Function") : nullptr;
}

result<json::value> evaluator::value(const node& from) {
    if (depth_ >= max_depth || ++steps_ > max_steps) {
        return fault_at(from, "the template's references go in a circle, or it is too large");
    }
    const deeper in(depth_);
    if (from.tag.starts_with("!")) {
        const auto name = from.tag.substr(1);
        node argument = from;
        argument.tag.clear();
        return call(from, name == "Ref" || name == "Condition" ? name : "Fn::" + name, argument);
    }
    if (is_call(from) && from.keys[0].text != "Condition") {
        return call(from.keys[0], from.keys[0].text, from.items[0]);
    }
    if (from.what == node::kind::list) {
        json::array list;
        for (const auto& item : from.items) {
            auto made = value(item);
            if (!made) {
                return made.error();
            }
            if (!made->is_null()) {  // AWS::NoValue
                list.push_back(std::move(*made));
            }
        }
        return json::value(std::move(list));
    }
    if (from.what == node::kind::map) {
        json::object object;
        for (std::size_t i = 0; i < from.items.size(); ++i) {
            auto made = value(from.items[i]);
            if (!made) {
                return made.error();
            }
            if (!made->is_null()) {
                object[from.keys[i].text] = std::move(*made);
            }
        }
        return json::value(std::move(object));
    }
    return to_json(from);
}

result<std::string> evaluator::text(const node& from, const char* what) {
    auto made = value(from);
    if (!made) {
        return made.error();
    }
    if (made->is_object() || made->is_array() || made->is_null()) {
        return fault_at(from, std::string(what) + " must be a text");
    }
    return as_text(*made);
}

result<json::value> evaluator::call(const node& at, const std::string& name, const node& argument) {
    if (name == "Ref") {
        return ref(at, argument.text);
    }
    if (name == "Fn::GetAtt") {
        return get_att(at, argument);
    }
    if (name == "Fn::Sub") {
        return sub(at, argument);
    }
    if (name == "Fn::Join") {
        return join(at, argument);
    }
    if (name == "Fn::Select") {
        return select(at, argument);
    }
    if (name == "Fn::Split") {
        return split(at, argument);
    }
    if (name == "Fn::If") {
        return choose(at, argument);
    }
    if (name == "Fn::FindInMap") {
        return find_in_map(at, argument);
    }
    return fault_at(at, name +
                            " is not evaluated by import: write its value in its place, or make it "
                            "a parameter");
}

result<json::value> evaluator::parameter(const node& at, const std::string& name,
                                         const node& declared) {
    const auto found = parameters_.find(name);
    const auto* otherwise = declared.find("Default");
    if (found == parameters_.end() && otherwise == nullptr) {
        return fault_at(
            at, "the parameter " + name + " has no default: say --parameter " + name + "=VALUE");
    }
    const auto told = found != parameters_.end() ? found->second : otherwise->text;
    const auto* type = declared.find("Type");
    const bool is_list =
        type != nullptr && (type->text == "CommaDelimitedList" || type->text.starts_with("List<"));
    if (!is_list) {
        return json::value(json::string(told));
    }
    json::array list;
    std::string_view rest = told;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        list.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return json::value(std::move(list));
}

result<std::string> evaluator::name_of(const node& at, const std::string& id,
                                       const char* property) {
    const auto* of = resource(id);
    const auto* properties = of != nullptr ? of->find("Properties") : nullptr;
    const auto* name = properties != nullptr ? properties->find(property) : nullptr;
    if (name == nullptr) {
        return id;  // AWS adds the stack's name and some letters
    }
    if (depth_ >= max_depth) {
        return fault_at(at, "the template's references go in a circle");
    }
    return text(*name, property);
}

result<json::value> evaluator::ref(const node& at, const std::string& name) {
    if (name == "AWS::NoValue") {
        return json::value();
    }
    for (const auto& [pseudo, told] :
         {std::pair("AWS::Partition", whose_.partition), std::pair(pseudo_region, whose_.region),
          std::pair("AWS::AccountId", whose_.account),
          std::pair("AWS::URLSuffix", std::string("amazonaws.com"))}) {
        if (name == pseudo) {
            return json::value(json::string(told));
        }
    }
    if (name == "AWS::StackName" || name == "AWS::StackId") {
        return json::value(json::string(given(parameters_, name, "stack")));
    }
    const auto* parameters = document_.find("Parameters");
    if (const auto* declared = parameters != nullptr ? parameters->find(name) : nullptr) {
        return parameter(at, name, *declared);
    }
    // SAM's MyFunction.Version and MyFunction.Alias.
    const auto dot = name.find('.');
    const auto id = name.substr(0, dot);
    const auto* of = resource(id);
    if (of == nullptr) {
        return fault_at(at, "the template has no parameter or resource " + name);
    }
    const auto type = type_of(*of);
    if (dot != name.npos) {
        return attribute(at, id, "." + name.substr(dot + 1));
    }
    if (type == "AWS::Lambda::Alias" || type == "AWS::Lambda::Version") {
        return attribute(at, id, "Arn");
    }
    const char* named = type == "AWS::IoT::Thing"             ? "ThingName"
                        : type == "AWS::IoT::Policy"          ? "PolicyName"
                        : type == "AWS::IAM::Role"            ? "RoleName"
                        : type == "AWS::Lambda::Function"     ? "FunctionName"
                        : type == "AWS::Serverless::Function" ? "FunctionName"
                                                              : nullptr;
    if (named == nullptr) {
        return json::value(json::string(reference_to(id)));
    }
    auto told = name_of(at, id, named);
    return told ? result<json::value>(json::value(json::string(*told))) : told.error();
}

result<json::value> evaluator::attribute(const node& at, const std::string& id,
                                         const std::string& name) {
    const auto* of = resource(id);
    if (of == nullptr) {
        return fault_at(at, "the template has no resource " + id);
    }
    const auto type = type_of(*of);
    const auto* properties = of->find("Properties");
    const auto arn = [&](auto make, const char* property) -> result<json::value> {
        auto told = name_of(at, id, property);
        return told ? result<json::value>(json::value(json::string(make(*told)))) : told.error();
    };
    const auto of_function = [&](const std::string& qualifier) {
        return [this, qualifier](const std::string& told) {
            // FunctionName may be an ARN already.
            return told.starts_with("arn:") ? told + (qualifier.empty() ? "" : ":" + qualifier)
                                            : whose_.function_arn(told, qualifier);
        };
    };
    if (type == "AWS::IoT::Thing" && name == "Arn") {
        return arn([&](const std::string& told) { return whose_.thing_arn(told); }, "ThingName");
    }
    if (type == "AWS::IAM::Role" && name == "Arn") {
        return arn([&](const std::string& told) { return whose_.role_arn(told); }, "RoleName");
    }
    if (type == "AWS::Lambda::Function" || type == "AWS::Serverless::Function") {
        if (name == "Arn") {
            return arn(of_function(""), "FunctionName");
        }
        if (name == ".Version") {
            return arn(of_function("1"), "FunctionName");
        }
        const auto* published =
            properties != nullptr ? properties->find("AutoPublishAlias") : nullptr;
        if (published == nullptr && function_globals() != nullptr) {
            published = function_globals()->find("AutoPublishAlias");
        }
        if (name == ".Alias" && published != nullptr) {
            auto alias = text(*published, "AutoPublishAlias");
            return alias ? arn(of_function(*alias), "FunctionName") : alias.error();
        }
    }
    if (type == "AWS::Lambda::Version") {
        return name == "Version" ? result<json::value>(json::value("1"))
                                 : arn(of_function("1"), "FunctionName");
    }
    if (type == "AWS::Lambda::Alias") {
        auto alias = name_of(at, id, "Name");
        return alias ? arn(of_function(*alias), "FunctionName") : alias.error();
    }
    return json::value(json::string(reference_to(id)));
}

result<json::value> evaluator::get_att(const node& at, const node& argument) {
    std::string id;
    std::string name;
    if (argument.what == node::kind::list && argument.items.size() == 2) {
        id = argument.items[0].text;
        name = argument.items[1].text;
    } else {
        const auto dot = argument.text.find('.');
        id = argument.text.substr(0, dot);
        name = dot == argument.text.npos ? "" : argument.text.substr(dot + 1);
    }
    if (id.empty() || name.empty()) {
        return fault_at(at, "Fn::GetAtt wants a resource and an attribute");
    }
    return attribute(at, id, name);
}

result<json::value> evaluator::sub(const node& at, const node& argument) {
    json::object variables;
    const auto* from = &argument;
    if (argument.what == node::kind::list && argument.items.size() == 2) {
        auto told = value(argument.items[1]);
        if (!told) {
            return told.error();
        }
        if (told->is_object()) {
            variables = std::move(told->get_object());
        }
        from = &argument.items[0];
    }
    if (from->what != node::kind::scalar) {
        return fault_at(at, "Fn::Sub wants a text, or a text and its variables");
    }
    return substitute(at, from->text, variables);
}

result<json::value> evaluator::substitute(const node& at, std::string_view from,
                                          const json::object& variables) {
    std::string made;
    while (!from.empty()) {
        const auto begin = from.find("${");
        made += from.substr(0, begin);
        if (begin == from.npos) {
            break;
        }
        const auto end = from.find('}', begin);
        if (end == from.npos) {
            return fault_at(at, "Fn::Sub: a '${' has no '}'");
        }
        const std::string name(from.substr(begin + 2, end - begin - 2));
        from.remove_prefix(end + 1);
        if (name.starts_with('!')) {
            made += "${" + name.substr(1) + "}";
            continue;
        }
        const auto* known = variables.if_contains(name);
        const auto dot = name.find('.');
        auto told = known != nullptr   ? result<json::value>(*known)
                    : dot == name.npos ? ref(at, name)
                                       : attribute(at, name.substr(0, dot), name.substr(dot + 1));
        if (!told) {
            return told.error();
        }
        made += as_text(*told);
        if (made.size() > max_text) {
            return fault_at(at, "Fn::Sub: the text becomes longer than 64 KiB");
        }
    }
    return json::value(json::string(made));
}

result<json::value> evaluator::join(const node& at, const node& argument) {
    if (argument.what != node::kind::list || argument.items.size() != 2) {
        return fault_at(at, "Fn::Join wants a separator and a list");
    }
    auto list = value(argument.items[1]);
    if (!list) {
        return list.error();
    }
    if (!list->is_array()) {
        return fault_at(at, "Fn::Join wants a separator and a list");
    }
    std::string made;
    bool first = true;
    for (const auto& each : list->get_array()) {
        made += (first ? "" : argument.items[0].text) + as_text(each);
        first = false;
        if (made.size() > max_text) {
            return fault_at(at, "Fn::Join: the text becomes longer than 64 KiB");
        }
    }
    return json::value(json::string(made));
}

result<json::value> evaluator::select(const node& at, const node& argument) {
    if (argument.what != node::kind::list || argument.items.size() != 2) {
        return fault_at(at, "Fn::Select wants an index and a list");
    }
    auto index = text(argument.items[0], "Fn::Select's index");
    auto list = value(argument.items[1]);
    if (!index || !list) {
        return !index ? index.error() : list.error();
    }
    std::size_t number = 0;
    const auto [end, failed] =
        std::from_chars(index->data(), index->data() + index->size(), number);
    if (failed != std::errc() || end != index->data() + index->size() || !list->is_array() ||
        number >= list->get_array().size()) {
        return fault_at(at, "Fn::Select: the list has no such item");
    }
    return list->get_array()[number];
}

result<json::value> evaluator::split(const node& at, const node& argument) {
    if (argument.what != node::kind::list || argument.items.size() != 2 ||
        argument.items[0].text.empty()) {
        return fault_at(at, "Fn::Split wants a separator and a text");
    }
    auto whole = text(argument.items[1], "what Fn::Split splits");
    if (!whole) {
        return whole.error();
    }
    json::array parts;
    std::string_view rest = *whole;
    const auto& separator = argument.items[0].text;
    for (;;) {
        const auto end = rest.find(separator);
        parts.emplace_back(rest.substr(0, end));
        if (end == rest.npos) {
            break;
        }
        rest.remove_prefix(end + separator.size());
    }
    return json::value(std::move(parts));
}

result<json::value> evaluator::choose(const node& at, const node& argument) {
    if (argument.what != node::kind::list || argument.items.size() != 3) {
        return fault_at(at, "Fn::If wants a condition and two values");
    }
    const auto holds = condition(argument.items[0], argument.items[0].text);
    return holds ? value(argument.items[*holds ? 1 : 2]) : holds.error();
}

result<json::value> evaluator::find_in_map(const node& at, const node& argument) {
    const auto* at_level = document_.find("Mappings");
    if (argument.what != node::kind::list || argument.items.size() != 3) {
        return fault_at(at, "Fn::FindInMap wants a map and two keys");
    }
    for (const auto& item : argument.items) {
        auto key = text(item, "a key of Fn::FindInMap");
        if (!key) {
            return key.error();
        }
        at_level = at_level != nullptr ? at_level->find(*key) : nullptr;
        if (at_level == nullptr) {
            return fault_at(item, "Fn::FindInMap: the Mappings have no '" + *key + "'");
        }
    }
    return value(*at_level);
}

result<bool> evaluator::applies(const node& of) {
    const auto* named = of.find("Condition");
    return named != nullptr ? condition(*named, named->text) : result<bool>(true);
}

result<bool> evaluator::condition(const node& at, const std::string& name) {
    if (depth_ >= max_depth || ++steps_ > max_steps) {
        return fault_at(at, "the template's conditions go in a circle");
    }
    const auto* conditions = document_.find("Conditions");
    const auto* found = conditions != nullptr ? conditions->find(name) : nullptr;
    return found != nullptr ? truth(*found) : fault_at(at, "the template has no condition " + name);
}

result<bool> evaluator::truth(const node& from) {
    if (depth_ >= max_depth || ++steps_ > max_steps) {
        return fault_at(from, "the template's conditions go in a circle");
    }
    const deeper in(depth_);
    const bool tagged = from.tag.starts_with("!");
    if (!tagged && !is_call(from)) {
        return fault_at(from,
                        "a condition must be Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition");
    }
    const auto name = tagged ? from.tag.substr(1) : from.keys[0].text;
    const auto word = name.starts_with("Fn::") ? name.substr(4) : name;
    const auto& argument = tagged ? from : from.items[0];
    if (word == "Condition") {
        return condition(argument, argument.text);
    }
    if (word == "Equals" && argument.items.size() == 2) {
        const auto left = text(argument.items[0], "a side of Fn::Equals");
        const auto right = text(argument.items[1], "a side of Fn::Equals");
        if (!left || !right) {
            return !left ? left.error() : right.error();
        }
        return *left == *right;
    }
    if ((word == "And" || word == "Or" || word == "Not") && !argument.items.empty()) {
        bool all = true;
        bool any = false;
        for (const auto& item : argument.items) {
            const auto holds = truth(item);
            if (!holds) {
                return holds;
            }
            all = all && *holds;
            any = any || *holds;
        }
        return word == "And" ? all : word == "Or" ? any : !any;
    }
    return fault_at(from, "the condition " + name + " is not evaluated by import");
}

}  // namespace evergrass::group_file

#pragma once

#include "libs/group_file/group.hpp"
#include "libs/group_file/yaml.hpp"

#include <map>
#include <string>
#include <vector>

namespace evergrass::group_file {

// Evaluates a template's values. What a Ref or GetAtt of a resource gives is what AWS gives, with
// names that are told by the template; of what AWS makes up, such as a certificate's id, there is a
// text that names the resource: reference_to().
class evaluator {
public:
    // Both are kept by reference.
    evaluator(const node& document, const std::map<std::string, std::string>& parameters);

    result<json::value> value(const node& from);
    // Of a resource's "Condition"; true without one.
    result<bool> applies(const node& resource);
    const owner& whose() const { return whose_; }
    // SAM's Globals.Function; null: there is none.
    const node* function_globals() const;

    // A definition, its version, a group: by the resource's logical id.
    static std::string reference_to(std::string_view logical_id);
    // The logical id in such a text, or empty.
    static std::string referred(std::string_view text);

private:
    result<json::value> call(const node& at, const std::string& name, const node& argument);
    result<json::value> ref(const node& at, const std::string& name);
    result<json::value> attribute(const node& at, const std::string& id, const std::string& name);
    result<json::value> get_att(const node& at, const node& argument);
    result<json::value> sub(const node& at, const node& argument);
    result<json::value> substitute(const node& at, std::string_view text,
                                   const json::object& variables);
    result<json::value> join(const node& at, const node& argument);
    result<json::value> select(const node& at, const node& argument);
    result<json::value> split(const node& at, const node& argument);
    result<json::value> choose(const node& at, const node& argument);
    result<json::value> find_in_map(const node& at, const node& argument);
    result<bool> condition(const node& at, const std::string& name);
    result<bool> truth(const node& from);
    result<std::string> text(const node& from, const char* what);
    result<std::string> name_of(const node& at, const std::string& id, const char* property);
    result<json::value> parameter(const node& at, const std::string& name, const node& declared);
    const node* resource(const std::string& id) const;

    const node& document_;
    const std::map<std::string, std::string>& parameters_;
    owner whose_;
    int depth_ = 0;
    std::size_t steps_ = 0;
};

}  // namespace evergrass::group_file

// docs/formats/group-file.schema.json, which editors read, against the tables that the reader has.
#include "libs/base/file.hpp"
#include "libs/group_file/group.hpp"
#include "libs/group_file/yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace evergrass::group_file {
namespace {

using testing::IsEmpty;

json::object schema() {
    const auto text = read_file(EVERGRASS_SOURCES "/docs/formats/group-file.schema.json").value();
    return parse_json(text).value().as_object();
}

const json::object& object_at(const json::object& in, std::initializer_list<const char*> path) {
    const auto* at = &in;
    for (const auto* name : path) {
        at = &at->at(name).as_object();
    }
    return *at;
}

// What a row of a table says in a schema's words.
json::object wanted_of(const field& row) {
    const json::array text_types{"string", "number"};
    const json::array map_types{"string", "number", "boolean", "null"};
    json::array values;
    for (std::size_t begin = 0; !row.values.empty() && begin <= row.values.size();) {
        const auto end = std::min(row.values.find('|', begin), row.values.size());
        values.emplace_back(row.values.substr(begin, end - begin));
        begin = end + 1;
    }
    switch (row.kind) {
        case field_kind::text:
            return values.empty() ? json::object{{"type", text_types}}
                                  : json::object{{"enum", values}};
        case field_kind::integer:
            return {{"type", "integer"}};
        case field_kind::boolean:
            return {{"type", "boolean"}};
        case field_kind::texts:
            return {{"type", "array"}, {"items", json::object{{"type", "string"}}}};
        case field_kind::text_map:
            return {{"type", "object"},
                    {"additionalProperties", json::object{{"type", map_types}}}};
        case field_kind::access:
            return {{"type", "object"},
                    {"additionalProperties", json::object{{"enum", json::array{"ro", "rw"}}}}};
    }
    return {};
}

// The leaves by their dotted names, and what is required; objects must refuse what they don't name.
struct flat {
    std::map<std::string, json::object> fields;
    std::set<std::string> required;
};
void flatten(const json::object& of, const std::string& prefix, flat& into) {
    EXPECT_EQ(of.at("type").as_string(), "object") << prefix;
    EXPECT_EQ(of.at("additionalProperties"), json::value(false)) << prefix;
    if (const auto* required = array_member(of, "required")) {
        for (const auto& name : *required) {
            into.required.insert(prefix + std::string(name.as_string()));
        }
    }
    for (const auto& member : of.at("properties").as_object()) {
        const auto name = prefix + std::string(member.key());
        const auto& inner = member.value().as_object();
        if (inner.contains("properties")) {
            flatten(inner, name + ".", into);
        } else {
            into.fields[name] = inner;
        }
    }
}

void expect_same(const json::object& of, std::span<const field> table, const char* what) {
    flat in_schema;
    flatten(of, "", in_schema);
    std::set<std::string> required;
    for (const auto& row : table) {
        const std::string name(row.name);
        if (row.required) {
            required.insert(name);
        }
        const auto found = in_schema.fields.find(name);
        if (found == in_schema.fields.end()) {
            ADD_FAILURE() << what << ": the schema lacks " << name;
            continue;
        }
        auto said = found->second;
        if (said.contains("pattern")) {  // what the table can't say: a text of a form
            said.erase("pattern");
            said["type"] = json::array{"string", "number"};
        }
        EXPECT_EQ(said, wanted_of(row)) << what << ": " << name;
        in_schema.fields.erase(found);
    }
    for (const auto& left : in_schema.fields) {
        ADD_FAILURE() << what << ": the schema has " << left.first << ", which no file may have";
    }
    EXPECT_EQ(in_schema.required, required) << what;
}

TEST(group_file_schema, has_the_fields_of_the_tables_and_no_others) {
    const auto whole = schema();
    const auto& members = object_at(whole, {"definitions", "member"});
    expect_same(members, member_fields(), "core and devices");
    EXPECT_EQ(object_at(whole, {"properties", "core"}).at("$ref").as_string(),
              "#/definitions/member");
    EXPECT_EQ(object_at(whole, {"properties", "devices", "items"}).at("$ref").as_string(),
              "#/definitions/member");
    expect_same(object_at(whole, {"properties", "defaults"}), default_fields(), "defaults");
    for (const auto& each : families()) {
        if (each.section != "core" && each.section != "devices") {
            const auto section = std::string(each.section);
            expect_same(object_at(whole, {"properties", section.c_str(), "items"}), each.fields(),
                        section.c_str());
        }
    }
}

TEST(group_file_schema, has_the_sections_of_a_file_and_no_others) {
    const auto whole = schema();
    std::set<std::string> sections;
    for (const auto& member : whole.at("properties").as_object()) {
        sections.insert(std::string(member.key()));
    }
    std::set<std::string> known{"defaults"};
    for (const auto& each : families()) {
        known.insert(std::string(each.section));
    }
    for (const auto& row : group_fields()) {
        known.insert(std::string(row.name));
    }
    EXPECT_EQ(sections, known);
    EXPECT_EQ(whole.at("additionalProperties"), json::value(false));
    EXPECT_EQ(whole.at("required"), json::value(json::array{"format", "group"}));
    EXPECT_EQ(object_at(whole, {"properties", "format"}).at("const").as_string(), format_name);
}

// Draft 7, as far as the schema uses it; a word that it doesn't know is a failure, so that none is
// passed over. Faults, a line each.
class validator {
public:
    explicit validator(const json::object& root) : root_(root) {}

    void check(const json::value& value, const json::object& by, const std::string& place) {
        for (const auto& word : by) {
            check_word(value, by, word.key(), word.value(), place);
        }
    }
    std::vector<std::string> faults;

private:
    void check_word(const json::value& value, const json::object& by, std::string_view word,
                    const json::value& says, const std::string& place) {
        const auto fails = [&](bool fault) {
            if (fault) {
                faults.push_back(place + ": " + std::string(word));
            }
        };
        const auto* object = value.if_object();
        if (word == "$ref") {
            check(value, object_at(root_, {"definitions", "member"}), place);
        } else if (word == "type") {
            fails(!is_of(value, says));
        } else if (word == "const") {
            fails(value != says);
        } else if (word == "enum") {
            const auto& all = says.as_array();
            fails(std::find(all.begin(), all.end(), value) == all.end());
        } else if (word == "pattern") {
            fails(!value.is_string() ||
                  !std::regex_search(std::string(value.get_string()),
                                     std::regex(std::string(says.as_string()))));
        } else if (word == "required") {
            for (const auto& name : says.as_array()) {
                fails(object != nullptr && !object->contains(name.as_string()));
            }
        } else if (word == "oneOf" || word == "anyOf") {
            std::size_t fit = 0;
            for (const auto& each : says.as_array()) {
                validator inner(root_);
                inner.check(value, each.as_object(), place);
                fit += inner.faults.empty() ? 1 : 0;
            }
            fails(word == "oneOf" ? fit != 1 : fit == 0);
        } else if (word == "properties" || word == "additionalProperties") {
            for (const auto& member : object != nullptr ? *object : json::object()) {
                check_member(member, by, word, says, place + "." + std::string(member.key()));
            }
        } else if (word == "items") {
            for (const auto& each : value.is_array() ? value.get_array() : json::array()) {
                check(each, says.as_object(), place + "[]");
            }
        } else {
            EXPECT_TRUE(word == "$schema" || word == "title" || word == "description" ||
                        word == "definitions")
                << word;
        }
    }

    void check_member(const json::key_value_pair& member, const json::object& by,
                      std::string_view word, const json::value& says, const std::string& place) {
        const auto* own = object_member(by, "properties");
        const auto* named = own != nullptr ? own->if_contains(member.key()) : nullptr;
        if (word == "properties" && named != nullptr) {
            check(member.value(), named->as_object(), place);
        } else if (word == "additionalProperties" && named == nullptr) {
            if (says.is_object()) {
                check(member.value(), says.as_object(), place);
            } else if (says == json::value(false)) {
                faults.push_back(place + ": additionalProperties");
            }
        }
    }

    static bool is_of(const json::value& value, const json::value& types) {
        for (const auto& type : types.is_array() ? types.as_array() : json::array{types}) {
            const auto& name = type.as_string();
            const bool whole = value.is_int64() || value.is_uint64();
            if ((name == "string" && value.is_string()) || (name == "boolean" && value.is_bool()) ||
                (name == "object" && value.is_object()) || (name == "array" && value.is_array()) ||
                (name == "null" && value.is_null()) || (name == "integer" && whole) ||
                (name == "number" && value.is_number())) {
                return true;
            }
        }
        return false;
    }

    const json::object& root_;
};

std::vector<std::string> faults_of(std::string_view text) {
    const auto whole = schema();
    validator by(whole);
    by.check(to_json(parse_yaml(text).value()), whole, "");
    return by.faults;
}

TEST(group_file_schema, takes_the_example) {
    const auto text = read_file(EVERGRASS_SOURCES "/examples/group-file/group.yaml").value();
    EXPECT_TRUE(read_group(text));
    EXPECT_THAT(faults_of(text), IsEmpty());
}

// Files that the reader refuses for what a schema can say.
TEST(group_file_schema, refuses_what_the_reader_refuses) {
    for (
        const auto* text : {
            "format: evergrass-group-2\ngroup: g\n",
            "format: evergrass-group-1\n",
            "format: evergrass-group-1\ngroup: g\ncolour: red\n",
            "format: evergrass-group-1\ngroup: g\ncore: {name: c}\n",
            "format: evergrass-group-1\ngroup: g\nfunctions: [{name: f, alias: a, pinned: "
            "often}]\n",
            "format: evergrass-group-1\ngroup: g\nfunctions: [{name: f, alias: a, encoding: "
            "xml}]\n",
            "format: evergrass-group-1\ngroup: g\nresources: [{id: r}]\n",
            "format: evergrass-group-1\ngroup: g\nresources: [{id: r, volume: {source: /a}, "
            "device: "
            "{source: /b}}]\n",
            "format: evergrass-group-1\ngroup: g\nresources: [{id: r, model: {destination: /m}}]\n",
            "format: evergrass-group-1\ngroup: g\nresources: [{id: r, secret: {labels: [a]}}]\n",
            "format: evergrass-group-1\ngroup: g\nresources: [{id: r, secret: {name: n, valueFrom: "
            "hunter2}}]\n",
            "format: evergrass-group-1\ngroup: g\nloggers: [{component: Lambda, level: LOUD}]\n",
        }) {
        EXPECT_FALSE(read_group(text)) << text;
        EXPECT_FALSE(faults_of(text).empty()) << text;
    }
}

}  // namespace
}  // namespace evergrass::group_file

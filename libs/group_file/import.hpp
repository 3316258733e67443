#pragma once

#include "libs/group_file/group.hpp"
#include "libs/group_file/yaml.hpp"

#include <map>
#include <string>
#include <vector>

// What users of Greengrass V1 keep in Git, as a group in the file's words. Pure.
namespace evergrass::group_file {

struct import_options {
    std::map<std::string, std::string> parameters;  // of a template; AWS::Region and such too
};

struct imported {
    json::object group;
    std::vector<std::string> notes;  // what is not kept, or has to be looked at; a sentence each
};

struct source_file {
    std::string name;  // for messages
    node content;
};

// Templates of CloudFormation (and of SAM, as far as functions go), YAML or JSON:
// AWS::Greengrass::*, AWS::IoT::*, AWS::Lambda::*. Ref, GetAtt, Sub, Join, Select, Split, If,
// FindInMap, conditions, parameters with defaults and pseudo parameters are evaluated; another
// function is a fault that names it and says where.
result<imported> import_template(const source_file& from, const import_options& options);

// greengo.yaml of the tool greengo.
result<imported> import_greengo(const source_file& from);

// What the AWS CLI printed, put together: get-group, get-group-version, get-*-definition-version,
// get-associated-role, list-tags-for-resource, get-group-certificate-configuration, lambda
// get-function(-configuration).
result<imported> import_saved_answers(const std::vector<source_file>& from);

// Whichever it is, by its content. Several files are saved answers.
result<imported> import_any(const std::vector<source_file>& from, const import_options& options);

}  // namespace evergrass::group_file

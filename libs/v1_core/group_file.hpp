#pragma once

#include "libs/v1_core/findings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// V1's group.json (spec/on-disk.md §3). Pure: text in, findings out.
namespace evergrass::v1 {

struct group_member {  // a core or a device
    std::string thing_arn;
    std::string thing_name;
    std::string certificate_arn;  // empty: the file has none
    std::string certificate_id;   // 64 hex digits; empty likewise
    bool sync_shadow = false;
};

struct group_function {
    std::string arn;  // of the version
    std::string name;
    std::string version;     // digits; empty when the ARN has no qualifier
    bool of_system = false;  // GGIPDetector and the like: no region, no account, no code
    bool pinned = false;
    std::string handler;
    std::string runtime;
    std::string description;
    std::optional<std::int64_t> memory_kb;
    std::optional<std::int64_t> timeout_seconds;
    std::string encoding;  // "json", "binary"; empty: not in the file
    std::string executable;
    std::string exec_args;
    std::vector<std::pair<std::string, std::string>> variables;
    std::vector<std::pair<std::string, std::string>> resources;  // ResourceId, Permission
    std::optional<bool> access_sysfs;
    std::string isolation;  // empty: not in the file
    std::optional<std::int64_t> uid;
    std::optional<std::int64_t> gid;
    std::string code_sha256;  // of the zip that was uploaded once; base64
};

struct group_subscription {
    std::string id;
    std::string source;
    std::string subject;
    std::string target;
};

struct group_logger {
    std::string type;
    std::string component;
    std::string level;
    std::int64_t space_kb = 128;
};

struct group_resource {
    std::string id;
    std::string name;
    std::string kind;                // the API's member: LocalVolumeResourceData …
    json::object data;               // its members
    std::string secret_arn() const;  // empty: no secret
};

struct group_connector {
    std::string id;
    std::string arn;
    json::object parameters;
};

struct old_group {
    bool deployed = false;  // false: the file stands for "nothing deployed" (§2)
    std::string arn;        // of the group's version
    std::string partition;
    std::string region;
    std::string account;
    std::string group_id;
    std::string version_id;
    std::string deployment_id;  // empty: no function told it
    std::vector<group_member> cores;
    std::vector<group_member> devices;
    std::vector<group_function> functions;
    std::vector<group_subscription> subscriptions;
    std::vector<group_logger> loggers;
    std::vector<group_resource> resources;
    std::vector<group_connector> connectors;
    std::vector<std::string> admitted_certificates;  // 64 hex digits each
    findings found;
};

// `file`: what findings call it. The error is for what stops all reading: no JSON, keys twice, a
// top that is no object; it says at which line. What is wrong with one part is a problem in
// `found`, and the rest is read.
result<old_group> read_group_file(std::string_view text, std::string_view file);

}  // namespace evergrass::v1

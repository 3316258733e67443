#pragma once

#include "contract/credential_setting.hpp"
#include "libs/base/json.hpp"
#include "libs/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a deployment is, as the service signs it and the core runs it. Wire form, field by field:
// docs/formats/deployment-manifest.md. Pure: text in, text out.
namespace evergrass::contract {

enum class deployment_type { new_deployment, redeployment, reset, force_reset };
std::string_view to_string(deployment_type type);  // "NewDeployment" … as the API spells them

struct group_member {  // a core or a device
    std::string id;
    std::string thing_arn;
    std::string certificate_arn;
    bool sync_shadow = false;

    std::string thing_name() const;      // REQUIRES: parsed by parse_manifest, which checks the ARN
    std::string certificate_id() const;  // 64 hex digits, likewise
};

struct run_as {
    std::optional<std::int64_t> uid;
    std::optional<std::int64_t> gid;
};

struct resource_access {
    std::string resource_id;
    std::string permission;  // "ro", "rw" or empty
};

enum class encoding { json, binary };
enum class isolation { greengrass_container, no_container };

// A function's version as the group configured it; every default is filled in by the service.
struct function {
    std::string id;
    std::string arn;  // of the version: …:function:name:7
    std::string
        runtime;  // "python3.7" …, or the executable's runtime ARN; empty for a system function
    std::string handler;
    std::string description;
    std::string code_sha256;  // base64, as Lambda reports it
    std::string artifact;     // SHA-256 of the zip, hex; empty for a system function
    std::int64_t code_size = 0;
    bool pinned = false;
    std::int64_t timeout_seconds = 3;
    std::int64_t memory_size_kb = 16384;
    encoding encoding_type = encoding::json;
    std::string executable;
    std::string exec_args;
    std::vector<std::pair<std::string, std::string>> variables;
    std::vector<resource_access> resources;
    bool access_sysfs = false;
    isolation isolation_mode = isolation::greengrass_container;
    run_as identity;

    bool operator==(const function& other) const;  // same code and same configuration
};

struct subscription {
    std::string id;
    std::string
        source;  // thing ARN, function version ARN, connector ARN, "cloud", "GGShadowService"
    std::string subject;
    std::string target;
};

struct logger_setting {
    std::string id;
    std::string component;  // GreengrassSystem, Lambda
    std::string level;      // DEBUG … FATAL
    std::string type;       // FileSystem, AWSCloudWatch
    std::int64_t space_kb = 128;
};

enum class delivery {
    secrets,  // those of the group, sealed for the core's certificate (libs/pki/envelope.hpp)
    model,    // the archive of a machine-learning resource
};

// A file that resources of the group need, fetched by its hash as a package is.
struct delivered_file {
    delivery what = delivery::secrets;
    std::string resource_id;  // of a model
    std::string artifact;     // SHA-256, 64 hex digits
    std::int64_t size = 0;
};

inline constexpr std::int64_t default_certificate_expiry_ms = 604'800'000;
inline constexpr std::int64_t longest_certificate_expiry_ms = 2'592'000'000;

struct manifest {
    std::string deployment_id;
    deployment_type type = deployment_type::new_deployment;
    std::string created_at;  // ISO-8601
    std::string account;
    std::string region;
    std::string group_id;
    std::string group_name;
    std::string group_version_arn;  // of the group itself for a reset
    group_member core;
    std::vector<group_member> devices;
    std::vector<function> functions;
    std::vector<subscription> subscriptions;
    std::vector<logger_setting> loggers;
    json::array resources;  // the API's objects, untouched
    std::vector<delivered_file> files;
    credential_setting credentials;      // who issues those of the group's role
    std::vector<std::string> group_cas;  // PEM, current first
    // How long a certificate of the core's MQTT server lasts: 7 to 30 days (spec/cloud.md §1).
    std::int64_t certificate_expiry_ms = default_certificate_expiry_ms;

    bool is_reset() const;
};

// Checks form and every ARN; the error names the member ("functions[2].arn").
result<manifest> parse_manifest(std::string_view text);
std::string to_json_text(const manifest& m);

// {"manifest": base64 of the exact text, "signature": base64 Ed25519, "keyId": hex}. keyId is the
// SHA-256 of the public key's PEM text. Signing and verifying: libs/pki.
struct signed_manifest {
    std::string manifest_text;
    std::string signature;  // 64 raw bytes
    std::string key_id;
};
result<signed_manifest> parse_signed_manifest(std::string_view text);
std::string to_json_text(const signed_manifest& m);

// The group.json that V1 left on disk (spec/on-disk.md §3), for tools that read it.
std::string to_group_json(const manifest& m);

}  // namespace evergrass::contract

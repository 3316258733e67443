#pragma once

#include "cloud/iot/records.hpp"

#include <optional>
#include <string>
#include <string_view>

// Rows of fleet provisioning. But for claim_policy(), the caller holds the store's lock.
namespace evergrass::cloud::iot {

struct provisioning_template_record {
    std::string name;
    std::optional<std::string> description;
    std::string role_arn;
    bool enabled = false;
    std::string type;  // FLEET_PROVISIONING or JITP
    std::int64_t default_version = 1;
    std::int64_t last_version = 1;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
};

answer<std::optional<provisioning_template_record>> find_provisioning_template(
    registry& in, std::string_view name);
// ResourceNotFoundException when there is none.
answer<provisioning_template_record> require_provisioning_template(registry& in,
                                                                   std::string_view name);

struct template_version_record {
    std::int64_t version = 1;
    std::string body;
    std::int64_t created_at = 0;
};
answer<template_version_record> require_template_version(registry& in, const std::string& name,
                                                         std::int64_t version);
std::optional<api_error> insert_template_version(registry& in, const std::string& name,
                                                 std::int64_t version, const std::string& body);

std::string provisioning_template_arn(const registry& in, std::string_view name);

// InvalidRequestException, or nothing. `type` as the API has it.
std::optional<api_error> check_template_body(const std::string& body, const std::string& type);

// What a temporary certificate may do: make a certificate, and provision by that template.
std::string claim_policy(const service_identity& identity, std::string_view template_name);

// Who holds a token owns the certificate that was made with it, for an hour.
struct ownership_record {
    std::string token;  // its SHA-256
    std::string certificate_id;
    std::int64_t expires_at = 0;
    std::optional<std::string> used_for;  // the template that it provisioned by
    std::optional<std::string> answer;    // and what was said
};
inline constexpr std::int64_t ownership_milliseconds = 60 * 60 * 1000;
inline constexpr std::int64_t claim_milliseconds = 5 * 60 * 1000;

// The token of a new certificate, to be shown once.
answer<std::string> give_ownership(registry& in, const std::string& certificate_id);
// nullopt: no such token, or its hour is over.
answer<std::optional<ownership_record>> find_ownership(registry& in, const std::string& token);

// Deletes tokens and claims whose time is over, and the certificates that nobody provisioned with
// meanwhile.
std::optional<api_error> forget_expired_ownership(registry& in);

}  // namespace evergrass::cloud::iot

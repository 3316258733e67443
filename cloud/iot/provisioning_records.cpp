#include "cloud/iot/provisioning_records.hpp"

#include "cloud/iot/provisioning_template.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr std::size_t token_bytes = 48;

std::string digest_of_token(const std::string& token) {
    return sha256_hex(token);
}

}  // namespace

answer<std::optional<provisioning_template_record>> find_provisioning_template(
    registry& in, std::string_view name) {
    std::optional<provisioning_template_record> found;
    const auto read = in.state.db().query(
        "iot.find_provisioning_template",
        "SELECT name, description, role_arn, enabled, type, default_version, last_version,"
        " created_at, updated_at FROM provisioning_templates WHERE name = ?1",
        {std::string(name)}, [&](const db::row& row) {
            provisioning_template_record one;
            one.name = row.text(0);
            if (!row.is_null(1)) {
                one.description = row.text(1);
            }
            one.role_arn = row.text(2);
            one.enabled = row.integer(3) != 0;
            one.type = row.text(4);
            one.default_version = row.integer(5);
            one.last_version = row.integer(6);
            one.created_at = row.integer(7);
            one.updated_at = row.integer(8);
            found = std::move(one);
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<provisioning_template_record> require_provisioning_template(registry& in,
                                                                   std::string_view name) {
    auto found = find_provisioning_template(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("The provisioning template " + std::string(name) +
                                  " does not exist.");
    }
    return std::move(**found);
}

answer<template_version_record> require_template_version(registry& in, const std::string& name,
                                                         std::int64_t version) {
    std::optional<template_version_record> found;
    const auto read = in.state.db().query(
        "iot.find_template_version",
        "SELECT version, body, created_at FROM provisioning_template_versions"
        " WHERE template = ?1 AND version = ?2",
        {name, version}, [&](const db::row& row) {
            found = template_version_record{row.integer(0), row.text(1), row.integer(2)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return resource_not_found("The provisioning template " + name + " has no version " +
                                  std::to_string(version) + ".");
    }
    return std::move(*found);
}

std::optional<api_error> insert_template_version(registry& in, const std::string& name,
                                                 std::int64_t version, const std::string& body) {
    return write(in, "iot.insert_template_version",
                 "INSERT INTO provisioning_template_versions(template, version, body, created_at)"
                 " VALUES(?1, ?2, ?3, ?4)",
                 {name, version, body, now_milliseconds(in)});
}

std::string provisioning_template_arn(const registry& in, std::string_view name) {
    return in.identity.iot_arn("provisioningtemplate/" + std::string(name));
}

std::optional<api_error> check_template_body(const std::string& body, const std::string& type) {
    const auto parsed = parse_provisioning_template(body);
    if (!parsed) {
        return invalid_request("Invalid templateBody: " + parsed.error().context + ".");
    }
    if (type == "JITP") {
        return std::nullopt;
    }
    if (const auto fits = check_fleet_template(*parsed); !fits) {
        return invalid_request("Invalid templateBody: " + fits.error().context + ".");
    }
    return std::nullopt;
}

std::string claim_policy(const service_identity& identity, std::string_view template_name) {
    const auto provision =
        "$aws/provisioning-templates/" + std::string(template_name) + "/provision/*";
    const auto on = [&](const std::string& kind) {
        return json::array{identity.iot_arn(kind + "/$aws/certificates/create/*"),
                           identity.iot_arn(kind + "/$aws/certificates/create-from-csr/*"),
                           identity.iot_arn(kind + "/" + provision)};
    };
    return json::serialize(json::object{
        {"Version", "2012-10-17"},
        {"Statement",
         json::array{json::object{{"Effect", "Allow"},
                                  {"Action", "iot:Connect"},
                                  {"Resource", identity.iot_arn("client/*")}},
                     json::object{{"Effect", "Allow"},
                                  {"Action", json::array{"iot:Publish", "iot:Receive"}},
                                  {"Resource", on("topic")}},
                     json::object{{"Effect", "Allow"},
                                  {"Action", "iot:Subscribe"},
                                  {"Resource", on("topicfilter")}}}}});
}

answer<std::string> give_ownership(registry& in, const std::string& certificate_id) {
    auto token = hex_encode(random_bytes(token_bytes));
    if (auto failed = write(in, "iot.give_ownership",
                            "INSERT INTO certificate_ownership(token, certificate_id, expires_at)"
                            " VALUES(?1, ?2, ?3)",
                            {digest_of_token(token), certificate_id,
                             now_milliseconds(in) + ownership_milliseconds})) {
        return *failed;
    }
    return token;
}

answer<std::optional<ownership_record>> find_ownership(registry& in, const std::string& token) {
    std::optional<ownership_record> found;
    const auto read = in.state.db().query(
        "iot.find_ownership",
        "SELECT token, certificate_id, expires_at, used_for, answer FROM certificate_ownership"
        " WHERE token = ?1 AND expires_at > ?2",
        {digest_of_token(token), now_milliseconds(in)}, [&](const db::row& row) {
            ownership_record one;
            one.token = row.text(0);
            one.certificate_id = row.text(1);
            one.expires_at = row.integer(2);
            if (!row.is_null(3)) {
                one.used_for = row.text(3);
                one.answer = row.text(4);
            }
            found = std::move(one);
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

std::optional<api_error> forget_expired_ownership(registry& in) {
    const auto now = now_milliseconds(in);
    if (auto failed =
            write(in, "iot.forget_unprovisioned",
                  "DELETE FROM certificates WHERE status = 'PENDING_ACTIVATION' AND id IN"
                  " (SELECT certificate_id FROM certificate_ownership WHERE expires_at <= ?1)"
                  " AND NOT EXISTS (SELECT 1 FROM thing_certificates c"
                  "  WHERE c.certificate_id = certificates.id)"
                  " AND NOT EXISTS (SELECT 1 FROM policy_targets t WHERE t.target = ?2 || "
                  "certificates.id)",
                  {now, in.identity.iot_arn("cert/")})) {
        return failed;
    }
    if (auto failed = write(in, "iot.forget_ownership",
                            "DELETE FROM certificate_ownership WHERE expires_at <= ?1", {now})) {
        return failed;
    }
    return write(in, "iot.forget_claims", "DELETE FROM provisioning_claims WHERE expires_at <= ?1",
                 {now});
}

}  // namespace evergrass::cloud::iot

#include "cloud/iot/ca_certificates.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::iot {
namespace {

constexpr std::string_view ca_columns =
    "SELECT id, pem, status, mode, auto_registration, config, created_at, updated_at, not_before,"
    " not_after FROM ca_certificates";

ca_record ca_of(const db::row& row) {
    const auto config = parse_json(row.text(5));
    return {
        row.text(0),         row.text(1),
        row.text(2),         row.text(3),
        row.integer(4) != 0, config && config->is_object() ? config->get_object() : json::object(),
        row.integer(6),      row.integer(7),
        row.integer(8),      row.integer(9)};
}

}  // namespace

answer<std::optional<ca_record>> find_ca(registry& in, std::string_view id) {
    std::optional<ca_record> found;
    const auto read =
        in.state.db().query("iot.find_ca", std::string(ca_columns) + " WHERE id = ?1",
                            {std::string(id)}, [&](const db::row& row) { found = ca_of(row); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<ca_record> require_ca(registry& in, std::string_view id) {
    auto found = find_ca(in, id);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("CA certificate " + std::string(id) +
                                  " does not exist in account " + in.identity.account + ".");
    }
    return std::move(**found);
}

answer<std::vector<ca_record>> cas_of_subject(registry& in, const std::string& subject) {
    std::vector<ca_record> found;
    const auto read = in.state.db().query(
        "iot.cas_of_subject", std::string(ca_columns) + " WHERE subject = ?1 ORDER BY id",
        {subject}, [&](const db::row& row) { found.push_back(ca_of(row)); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

std::string ca_arn(const registry& in, std::string_view id) {
    return in.identity.iot_arn("cacert/" + std::string(id));
}

api_error invalid_certificate(std::string message) {
    return {400, "CertificateValidationException", std::move(message), {}};
}

api_error wrong_state(std::string message) {
    return {406, "CertificateStateException", std::move(message), {}};
}

answer<std::optional<std::string>> find_registration_code(registry& in) {
    std::optional<std::string> code;
    const auto read = in.state.db().query(
        "iot.registration_code", "SELECT value FROM settings WHERE name = 'registration_code'", {},
        [&](const db::row& row) { code = row.text(0); });
    if (!read) {
        return internal_error(read.error());
    }
    return code;
}

answer<std::string> registration_code(registry& in) {
    auto found = find_registration_code(in);
    if (!found) {
        return found.error();
    }
    if (*found) {
        return std::move(**found);
    }
    auto made = hex_encode(random_bytes(32));
    if (auto failed =
            write(in, "iot.make_registration_code",
                  "INSERT INTO settings(name, value) VALUES('registration_code', ?1)", {made})) {
        return *failed;
    }
    return made;
}

}  // namespace evergrass::cloud::iot

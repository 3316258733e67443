#include "cloud/iot/records.hpp"

#include "libs/base/arn.hpp"

namespace evergrass::cloud::iot {
namespace {

std::optional<std::string> optional_text(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

json::object stored_object(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object();
}

}  // namespace

api_error invalid_request(std::string message) {
    return {400, "InvalidRequestException", std::move(message), {}};
}

api_error resource_not_found(std::string message) {
    return {404, "ResourceNotFoundException", std::move(message), {}};
}

answer<std::optional<thing_record>> find_thing(registry& in, std::string_view name) {
    std::optional<thing_record> found;
    const auto read = in.state.db().query(
        "iot.find_thing",
        "SELECT name, id, type_name, attributes, version FROM things WHERE name = ?1",
        {std::string(name)}, [&](const db::row& row) {
            found = thing_record{row.text(0), row.text(1), optional_text(row, 2),
                                 stored_object(row.text(3)), row.integer(4)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<std::optional<certificate_record>> find_certificate(registry& in, std::string_view id) {
    std::optional<certificate_record> found;
    const auto read = in.state.db().query(
        "iot.find_certificate",
        "SELECT id, pem, status, mode, created_at, updated_at, not_before, not_after, ca"
        " FROM certificates WHERE id = ?1",
        {std::string(id)}, [&](const db::row& row) {
            found = certificate_record{row.text(0),    row.text(1),    row.text(2),
                                       row.text(3),    row.integer(4), row.integer(5),
                                       row.integer(6), row.integer(7), optional_text(row, 8)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<std::optional<policy_record>> find_policy(registry& in, std::string_view name) {
    std::optional<policy_record> found;
    const auto read =
        in.state.db().query("iot.find_policy",
                            "SELECT name, default_version, last_version, created_at, updated_at"
                            " FROM policies WHERE name = ?1",
                            {std::string(name)}, [&](const db::row& row) {
                                found = policy_record{row.text(0), row.integer(1), row.integer(2),
                                                      row.integer(3), row.integer(4)};
                            });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<thing_record> require_thing(registry& in, std::string_view name) {
    auto found = find_thing(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Thing " + std::string(name) + " does not exist in account " +
                                  in.identity.account + ".");
    }
    return std::move(**found);
}

answer<certificate_record> require_certificate(registry& in, std::string_view id) {
    auto found = find_certificate(in, id);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("The certificate given in the principal does not exist: " +
                                  std::string(id));
    }
    return std::move(**found);
}

answer<policy_record> require_policy(registry& in, std::string_view name) {
    auto found = find_policy(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Policy not found: " + std::string(name));
    }
    return std::move(**found);
}

answer<std::string> principal_id(const registry& in, std::string_view arn) {
    auto id = certificate_id_of(arn);
    if (!id) {
        return invalid_request("Invalid principal: " + std::string(arn) +
                               ". It must be a certificate's ARN, " +
                               in.identity.iot_arn("cert/CERTIFICATE_ID"));
    }
    if (arn != certificate_arn(in, *id)) {
        return resource_not_found("The principal " + std::string(arn) + " is not of account " +
                                  in.identity.account + " and region " + in.identity.region + ".");
    }
    return std::move(*id);
}

answer<std::string> require_principal(registry& in, std::string_view arn) {
    auto id = principal_id(in, arn);
    if (!id) {
        return id.error();
    }
    auto found = require_certificate(in, *id);
    if (!found) {
        return found.error();
    }
    return std::move(*id);
}

answer<bool> exists(registry& in, std::string_view name, std::string_view sql,
                    const std::vector<db::value>& bound) {
    std::int64_t count = 0;
    const auto read =
        in.state.db().query(name, sql, bound, [&](const db::row& row) { count = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    // Named, because an api_error can be made of a bool as well: its status.
    return answer<bool>(boost::system::in_place_value, count > 0);
}

db::value text_or_null(const std::optional<std::string>& text) {
    return text ? db::value(*text) : db::value();
}

std::optional<api_error> write(registry& in, std::string_view name, std::string_view sql,
                               const std::vector<db::value>& bound) {
    const auto done = in.state.db().run(name, sql, bound);
    return done ? std::nullopt : std::optional(internal_error(done.error()));
}

std::string thing_arn(const registry& in, std::string_view name) {
    return in.identity.iot_arn("thing/" + std::string(name));
}

std::string certificate_arn(const registry& in, std::string_view id) {
    return in.identity.iot_arn("cert/" + std::string(id));
}

std::string policy_arn(const registry& in, std::string_view name) {
    return in.identity.iot_arn("policy/" + std::string(name));
}

json::value listed_certificate(const registry& in, const db::row& row, int first_column) {
    const auto id = row.text(first_column);
    return {{"certificateArn", certificate_arn(in, id)},
            {"certificateId", id},
            {"status", row.text(first_column + 1)},
            {"certificateMode", row.text(first_column + 2)},
            {"creationDate", as_timestamp(row.integer(first_column + 3))}};
}

std::int64_t now_milliseconds(const registry& in) {
    return to_epoch_milliseconds(in.time.now());
}

double as_timestamp(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1000;
}

std::string required_text(const call& from, std::string_view member) {
    return string_member(from.input, member).value_or("");
}

}  // namespace evergrass::cloud::iot

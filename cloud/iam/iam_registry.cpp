#include "cloud/iam/iam_registry.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"

#include <charconv>

namespace evergrass::cloud::iam {
namespace {

db::value or_null(const std::optional<std::string>& text) {
    return text ? db::value(*text) : db::value();
}

std::optional<std::string> text_or_none(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(row.text(column));
}

}  // namespace

api_error no_such_entity(std::string message) {
    return {404, "NoSuchEntity", std::move(message)};
}

api_error no_such_role_policy(const std::string& name) {
    return no_such_entity("The role policy with name " + name + " cannot be found.");
}

api_error no_such_version(const policy_record& policy, const std::string& id) {
    return no_such_entity("Policy " + policy.arn + " version " + id +
                          " does not exist or is not attachable.");
}

api_error already_exists(std::string message) {
    return {409, "EntityAlreadyExists", std::move(message)};
}

api_error delete_conflict(std::string message) {
    return {409, "DeleteConflict", std::move(message)};
}

std::string role_arn(const iam_registry& in, const role_record& role) {
    return "arn:" + in.identity.partition + ":iam::" + in.identity.account + ":role" + role.path +
           role.name;
}

role_record read_role(const db::row& row) {
    return {row.text(0), row.text(1),    row.text(2),   text_or_none(row, 3),
            row.text(4), row.integer(5), row.integer(6)};
}

answer<std::optional<role_record>> find_role(iam_registry& in, const std::string& name) {
    std::optional<role_record> found;
    const auto read = in.state.db().query(
        "iam.find_role",
        "SELECT name, id, path, description, trust, max_session_seconds, created_at FROM iam_roles"
        " WHERE name = ?1",
        {name}, [&](const db::row& row) { found = read_role(row); });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<role_record> requested_role(iam_registry& in, const call& from) {
    const auto name = string_member(from.input, "RoleName").value_or("");
    auto found = find_role(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return no_such_entity("The role with name " + name + " cannot be found.");
    }
    return std::move(**found);
}

answer<void> write_role(iam_registry& in, const role_record& role) {
    return done(in.state.db().run(
        "iam.write_role",
        "INSERT OR REPLACE INTO iam_roles(name, id, path, description, trust, max_session_seconds,"
        " created_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {role.name, role.id, role.path, or_null(role.description), role.trust,
         role.max_session_seconds, role.created_at}));
}

json::object shown(const iam_registry& in, const role_record& role) {
    json::object out{{"RoleName", role.name},
                     {"RoleId", role.id},
                     {"Path", role.path},
                     {"Arn", role_arn(in, role)},
                     {"CreateDate", role.created_at / 1000},
                     {"MaxSessionDuration", role.max_session_seconds},
                     {"AssumeRolePolicyDocument", percent_encode(role.trust)}};
    if (role.description) {
        out["Description"] = *role.description;
    }
    return out;
}

answer<std::optional<policy_record>> find_policy(iam_registry& in, const std::string& arn) {
    std::optional<policy_record> found;
    const auto read = in.state.db().query(
        "iam.find_policy",
        "SELECT arn, id, name, path, description, default_version, last_version, created_at,"
        " updated_at FROM iam_policies WHERE arn = ?1",
        {arn}, [&](const db::row& row) {
            found = policy_record{row.text(0),    row.text(1),          row.text(2),
                                  row.text(3),    text_or_none(row, 4), row.integer(5),
                                  row.integer(6), row.integer(7),       row.integer(8)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<policy_record> requested_policy(iam_registry& in, const call& from) {
    const auto arn = string_member(from.input, "PolicyArn").value_or("");
    auto found = find_policy(in, arn);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return no_such_entity("Policy " + arn + " does not exist or is not attachable.");
    }
    return std::move(**found);
}

answer<void> write_policy(iam_registry& in, const policy_record& policy) {
    return done(in.state.db().run(
        "iam.write_policy",
        "INSERT OR REPLACE INTO iam_policies(arn, id, name, path, description, default_version,"
        " last_version, created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        {policy.arn, policy.id, policy.name, policy.path, or_null(policy.description),
         policy.default_version, policy.last_version, policy.created_at, policy.updated_at}));
}

answer<std::int64_t> attachments_of(iam_registry& in, const std::string& policy_arn) {
    std::int64_t count = 0;
    const auto read = in.state.db().query(
        "iam.attachments", "SELECT count(*) FROM iam_attachments WHERE policy_arn = ?1",
        {policy_arn}, [&](const db::row& row) { count = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    return answer<std::int64_t>(boost::system::in_place_value, count);
}

answer<json::object> shown(iam_registry& in, const policy_record& policy) {
    const auto attachments = attachments_of(in, policy.arn);
    if (!attachments) {
        return attachments.error();
    }
    json::object out{{"PolicyName", policy.name},
                     {"PolicyId", policy.id},
                     {"Arn", policy.arn},
                     {"Path", policy.path},
                     {"DefaultVersionId", "v" + std::to_string(policy.default_version)},
                     {"AttachmentCount", *attachments},
                     {"PermissionsBoundaryUsageCount", 0},
                     {"IsAttachable", true},
                     {"CreateDate", policy.created_at / 1000},
                     {"UpdateDate", policy.updated_at / 1000}};
    if (policy.description) {
        out["Description"] = *policy.description;
    }
    return out;
}

bool is_managed_by_aws(std::string_view policy_arn) {
    return policy_arn.starts_with("arn:aws:iam::aws:policy/");
}

answer<std::string> requested_document(const call& from, std::string_view member) {
    auto text = string_member(from.input, member).value_or("");
    const auto document = parse_json(text);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr) {
        return api_error{400, "MalformedPolicyDocument", "This policy contains invalid Json"};
    }
    if (!object->contains("Statement")) {
        return api_error{400, "MalformedPolicyDocument", "Missing required field Statement"};
    }
    return answer<std::string>(boost::system::in_place_value, std::move(text));
}

std::optional<std::int64_t> version_number(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    if (!text.starts_with('v')) {
        return std::nullopt;
    }
    const auto [stop, wrong] = std::from_chars(text.data() + 1, end, number);
    return wrong == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::string new_id(std::string_view prefix) {
    constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string id(prefix);
    for (const auto byte : random_bytes(17)) {
        id += base32[static_cast<unsigned char>(byte) % base32.size()];
    }
    return id;
}

std::int64_t now_milliseconds(const iam_registry& in) {
    return to_epoch_milliseconds(in.time.now());
}

answer<void> done(const result<void>& outcome) {
    return outcome ? answer<void>() : answer<void>(internal_error(outcome.error()));
}

api_result without_output(const answer<void>& outcome) {
    return outcome ? api_result(reply{}) : api_result(outcome.error());
}

api_result remove_one(iam_registry& in, std::string_view name, std::string_view sql,
                      const std::vector<db::value>& bound, api_error absent) {
    const auto gone = in.state.db().run(name, sql, bound);
    if (!gone) {
        return internal_error(gone.error());
    }
    if (in.state.db().changes() == 0) {
        return absent;
    }
    return reply{};
}

reply listing(std::string_view member, std::vector<listed> rows, const page& wanted) {
    const auto next = cut_to_page(rows, wanted, [](const listed& row) { return row.key; });
    json::array items;
    for (auto& row : rows) {
        items.push_back(std::move(row.item));
    }
    json::object output{{"IsTruncated", next.has_value()}};
    output[member] = std::move(items);
    if (next) {
        output["Marker"] = *next;
    }
    return reply{std::move(output)};
}

}  // namespace evergrass::cloud::iam

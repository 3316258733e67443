#include "cloud/lambda/policies.hpp"

#include "libs/base/random.hpp"

namespace evergrass::cloud::lambda {

answer<std::optional<policy_record>> find_policy(function_registry& in,
                                                 const function_reference& wanted) {
    std::optional<policy_record> found;
    const auto read = in.state.db().query(
        "lambda.find_policy",
        "SELECT statements, revision_id FROM function_policies WHERE name = ?1 AND qualifier = ?2",
        {wanted.name, wanted.qualifier}, [&](const db::row& row) {
            found.emplace();
            found->revision_id = row.text(1);
            if (auto list = parse_json(row.text(0)); list && list->is_array()) {
                found->statements = std::move(list->get_array());
            }
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

std::optional<api_error> write_policy(function_registry& in, const function_reference& wanted,
                                      const json::array& statements) {
    if (statements.empty()) {
        return write(in, "lambda.delete_policy",
                     "DELETE FROM function_policies WHERE name = ?1 AND qualifier = ?2",
                     {wanted.name, wanted.qualifier});
    }
    return write(
        in, "lambda.write_policy",
        "INSERT OR REPLACE INTO function_policies(name, qualifier, statements, revision_id)"
        " VALUES(?1, ?2, ?3, ?4)",
        {wanted.name, wanted.qualifier, json::serialize(statements), uuid_v4()});
}

std::optional<api_error> check_policy_revision(const call& from,
                                               const std::optional<policy_record>& policy) {
    const auto revision = string_member(from.input, "RevisionId");
    if (revision && (!policy || policy->revision_id != *revision)) {
        return wrong_revision();
    }
    return std::nullopt;
}

}  // namespace evergrass::cloud::lambda

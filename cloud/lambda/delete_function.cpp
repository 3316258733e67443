#include "cloud/lambda/operations.hpp"
#include "cloud/store/tags.hpp"

namespace evergrass::cloud::lambda {
namespace {

api_result delete_whole(function_registry& in, const std::string& name) {
    const auto function = require_function(in, name);
    if (!function) {
        return function.error();
    }
    if (auto failed = write(in, "lambda.delete_aliases",
                            "DELETE FROM function_aliases WHERE name = ?1", {name})) {
        return *failed;
    }
    if (auto failed = write(in, "lambda.delete_versions",
                            "DELETE FROM function_versions WHERE name = ?1", {name})) {
        return *failed;
    }
    if (auto failed = write(in, "lambda.delete_policies",
                            "DELETE FROM function_policies WHERE name = ?1", {name})) {
        return *failed;
    }
    if (const auto dropped = drop_tags(in.state, function_arn_of(in, name, "")); !dropped) {
        return internal_error(dropped.error());
    }
    if (auto failed =
            write(in, "lambda.delete_function", "DELETE FROM functions WHERE name = ?1", {name})) {
        return *failed;
    }
    return reply{{}, 204};
}

answer<std::string> aliases_of(function_registry& in, const function_reference& wanted) {
    std::string aliases;
    const auto read = in.state.db().query(
        "lambda.aliases_of_version",
        "SELECT alias FROM function_aliases WHERE name = ?1 AND version = ?2 ORDER BY alias",
        {wanted.name, wanted.qualifier}, [&](const db::row& row) {
            aliases +=
                (aliases.empty() ? "" : ", ") + function_arn_of(in, wanted.name, row.text(0));
        });
    if (!read) {
        return internal_error(read.error());
    }
    return answer<std::string>(boost::system::in_place_value, std::move(aliases));
}

api_result delete_version(function_registry& in, const function_reference& wanted) {
    const auto number = parse_version(wanted.qualifier);
    if (!number) {
        return invalid_parameter(
            wanted.qualifier == latest
                ? "$LATEST version cannot be deleted without deleting the function."
                : "Deletion of aliases is not currently supported.");
    }
    const auto version = require_version(in, wanted.name, *number);
    if (!version) {
        return version.error();
    }
    const auto aliases = aliases_of(in, wanted);
    if (!aliases) {
        return aliases.error();
    }
    if (!aliases->empty()) {
        return resource_conflict(
            "Version was not deleted because the following aliases reference it: [" + *aliases +
            "]");
    }
    if (auto failed = write(in, "lambda.delete_version",
                            "DELETE FROM function_versions WHERE name = ?1 AND version = ?2",
                            {wanted.name, *number})) {
        return *failed;
    }
    return reply{{}, 204};
}

}  // namespace

api_result delete_function(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        return wanted->qualifier.empty() ? delete_whole(in, wanted->name)
                                         : delete_version(in, *wanted);
    });
}

}  // namespace evergrass::cloud::lambda

#include "cloud/lambda/listing.hpp"
#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

api_result list_aliases(function_registry& in, const call& from) {
    const auto wanted_function = requested_function(in, from);
    if (!wanted_function) {
        return wanted_function.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_function(in, wanted_function->name);
    if (!function) {
        return function.error();
    }
    const auto version = string_member(from.input, "FunctionVersion");
    listing wanted;
    wanted.statement = "lambda.list_aliases";
    wanted.rows =
        "SELECT alias AS key, version, description, revision_id FROM function_aliases"
        " WHERE name = ?3 AND (?4 IS NULL OR version = ?4)";
    wanted.bound = {function->name, version ? db::value(*version) : db::value()};
    wanted.member = "Aliases";
    wanted.item = [&](const db::row& row) {
        return describe(
            in, alias_record{function->name, row.text(0), row.text(1), row.text(2), row.text(3)});
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::lambda

#include "cloud/lambda/listing.hpp"
#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

// $LATEST first, then the versions in their order.
api_result list_versions_by_function(function_registry& in, const call& from) {
    const auto wanted_function = requested_function(in, from);
    if (!wanted_function) {
        return wanted_function.error();
    }
    const auto hold = in.state.db().lock();
    const auto function = require_function(in, wanted_function->name);
    if (!function) {
        return function.error();
    }
    listing wanted;
    wanted.statement = "lambda.list_versions";
    wanted.rows =
        "SELECT printf('%012d', 0) AS key, name, 0 AS version, configuration, code_size,"
        " revision_id, modified_at FROM functions WHERE name = ?3"
        " UNION ALL SELECT printf('%012d', version), name, version, configuration, code_size,"
        " revision_id, modified_at FROM function_versions WHERE name = ?3";
    wanted.bound = {function->name};
    wanted.member = "Versions";
    wanted.item = [&in](const db::row& row) {
        const auto version = read_function(row, 1);
        return describe(in, version, version_text(version.version));
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::lambda

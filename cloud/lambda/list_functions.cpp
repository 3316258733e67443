#include "cloud/lambda/listing.hpp"
#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

// FunctionVersion=ALL shows the published versions as well.
api_result list_functions(function_registry& in, const call& from) {
    const bool all = string_member(from.input, "FunctionVersion") == "ALL";
    listing wanted;
    wanted.statement = all ? "lambda.list_all_functions" : "lambda.list_functions";
    // '!' sorts below every character that a name may have, so that a function's versions stay
    // together.
    wanted.rows =
        all ? "SELECT printf('%s!%012d', name, 0) AS key, name, 0 AS version, configuration,"
              " code_size, revision_id, modified_at FROM functions"
              " UNION ALL SELECT printf('%s!%012d', name, version), name, version, configuration,"
              " code_size, revision_id, modified_at FROM function_versions"
            : "SELECT name AS key, name, 0, configuration, code_size, revision_id, modified_at"
              " FROM functions";
    wanted.member = "Functions";
    wanted.item = [&in, all](const db::row& row) {
        const auto function = read_function(row, 1);
        return describe(in, function, all ? version_text(function.version) : "");
    };
    return list_page(in, from, wanted);
}

}  // namespace evergrass::cloud::lambda

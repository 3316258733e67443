#include "cloud/lambda/operations.hpp"

namespace evergrass::cloud::lambda {

// An alias that is not there is deleted already: no error, as at AWS.
api_result delete_alias(function_registry& in, const call& from) {
    const auto wanted = requested_function(in, from);
    if (!wanted) {
        return wanted.error();
    }
    return in_transaction(in.state, [&]() -> api_result {
        if (auto failed = write(in, "lambda.delete_alias",
                                "DELETE FROM function_aliases WHERE name = ?1 AND alias = ?2",
                                {wanted->name, string_member(from.input, "Name").value_or("")})) {
            return *failed;
        }
        return reply{{}, 204};
    });
}

}  // namespace evergrass::cloud::lambda

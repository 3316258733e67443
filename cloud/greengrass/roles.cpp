#include "cloud/greengrass/roles.hpp"

namespace evergrass::cloud::greengrass {

api_result associate_role(greengrass_services& in, std::string_view scope,
                          const std::string& role_arn) {
    if (!role_arn.starts_with("arn:")) {
        return api_error{
            400,
            "BadRequestException",
            "RoleArn '" + role_arn + "' is not an ARN (arn:aws:iam::ACCOUNT:role/NAME)",
            {}};
    }
    const auto now = now_milliseconds(in);
    return in_transaction(in.state, [&]() -> api_result {
        const auto written =
            in.state.db().run("greengrass.associate_role",
                              "INSERT INTO roles(scope, arn, associated_at) VALUES(?1, ?2, ?3)"
                              " ON CONFLICT(scope) DO UPDATE SET arn = ?2, associated_at = ?3",
                              {std::string(scope), role_arn, now});
        if (!written) {
            return internal_error(written.error());
        }
        return reply{{{"AssociatedAt", as_timestamp(now)}}};
    });
}

api_result associated_role(greengrass_services& in, std::string_view scope,
                           std::string_view missing) {
    std::optional<reply> found;
    const auto hold = in.state.db().lock();
    const auto read = in.state.db().query(
        "greengrass.associated_role", "SELECT arn, associated_at FROM roles WHERE scope = ?1",
        {std::string(scope)}, [&](const db::row& row) {
            found =
                reply{{{"RoleArn", row.text(0)}, {"AssociatedAt", as_timestamp(row.integer(1))}}};
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return bare(404, std::string(missing));
    }
    return std::move(*found);
}

result<std::optional<std::string>> role_arn_of(store& state, std::string_view scope) {
    std::optional<std::string> role;
    auto read =
        state.db().query("greengrass.role_arn", "SELECT arn FROM roles WHERE scope = ?1",
                         {std::string(scope)}, [&](const db::row& row) { role = row.text(0); });
    if (!read) {
        return read.error();
    }
    return role;
}

api_result disassociate_role(greengrass_services& in, std::string_view scope) {
    return in_transaction(in.state, [&]() -> api_result {
        const auto deleted =
            in.state.db().run("greengrass.disassociate_role", "DELETE FROM roles WHERE scope = ?1",
                              {std::string(scope)});
        if (!deleted) {
            return internal_error(deleted.error());
        }
        return reply{{{"DisassociatedAt", as_timestamp(now_milliseconds(in))}}};
    });
}

}  // namespace evergrass::cloud::greengrass

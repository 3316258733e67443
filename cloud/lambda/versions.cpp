#include "cloud/lambda/versions.hpp"

#include "libs/base/random.hpp"

namespace evergrass::cloud::lambda {
namespace {

json::object without_description(json::object configuration) {
    configuration.erase("Description");
    return configuration;
}

bool same(const function_record& a, const function_record& b) {
    return a.blob == b.blob &&
           without_description(a.configuration) == without_description(b.configuration);
}

answer<std::optional<function_record>> newest_version(function_registry& in,
                                                      const std::string& name) {
    std::int64_t newest = 0;
    const auto read =
        in.state.db().query("lambda.newest_version",
                            "SELECT coalesce(max(version), 0) FROM function_versions"
                            " WHERE name = ?1",
                            {name}, [&](const db::row& row) { newest = row.integer(0); });
    if (!read) {
        return internal_error(read.error());
    }
    if (newest == 0) {
        return std::optional<function_record>();
    }
    auto found = require_version(in, name, newest);
    if (!found) {
        return found.error();
    }
    return std::optional(std::move(*found));
}

}  // namespace

answer<function_record> publish_latest(function_registry& in, const function_record& function,
                                       std::optional<std::string> description) {
    auto newest = newest_version(in, function.name);
    if (!newest) {
        return newest.error();
    }
    if (*newest && same(**newest, function)) {
        return std::move(**newest);
    }
    function_record version = function;
    version.version = function.last_version + 1;
    version.revision_id = uuid_v4();
    version.modified_at = now_milliseconds(in);
    if (description) {
        version.configuration["Description"] = *description;
    }
    if (auto failed =
            write(in, "lambda.insert_version",
                  "INSERT INTO function_versions(name, version, configuration, blob,"
                  " code_size, revision_id, modified_at)"
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  {version.name, version.version, json::serialize(version.configuration),
                   version.blob, version.code_size, version.revision_id, version.modified_at})) {
        return *failed;
    }
    if (auto failed = write(in, "lambda.set_last_version",
                            "UPDATE functions SET last_version = ?2 WHERE name = ?1",
                            {version.name, version.version})) {
        return *failed;
    }
    return version;
}

answer<function_record> replace_latest(function_registry& in, function_record function) {
    function.revision_id = uuid_v4();
    function.modified_at = now_milliseconds(in);
    if (auto failed = write(in, "lambda.replace_latest",
                            "UPDATE functions SET configuration = ?2, blob = ?3, code_size = ?4,"
                            " revision_id = ?5, modified_at = ?6 WHERE name = ?1",
                            {function.name, json::serialize(function.configuration), function.blob,
                             function.code_size, function.revision_id, function.modified_at})) {
        return *failed;
    }
    return function;
}

}  // namespace evergrass::cloud::lambda

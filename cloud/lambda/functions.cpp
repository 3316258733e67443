#include "cloud/lambda/functions.hpp"

#include "libs/base/arn.hpp"

#include <charconv>

namespace evergrass::cloud::lambda {
namespace {

api_error fault(int status, std::string code, std::string message) {
    return {status, std::move(code), std::move(message), {{"Type", "User"}}};
}

json::object stored_object(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object();
}

// Lambda's own form of a time: "2019-11-11T05:47:31.435+0000".
std::string last_modified(std::int64_t milliseconds) {
    auto text = format_iso8601(wall_time(std::chrono::milliseconds(milliseconds)));
    text.pop_back();
    return text + "+0000";
}

// "ACCOUNT:function:NAME:QUALIFIER" or "NAME:QUALIFIER", the forms that are no ARN.
function_reference parse_partial(std::string_view text) {
    constexpr std::string_view marker = "function:";
    const auto at = text.find(marker);
    if (at != std::string_view::npos) {
        text.remove_prefix(at + marker.size());
    }
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return {std::string(text), ""};
    }
    return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace

api_error invalid_parameter(std::string message) {
    return fault(400, "InvalidParameterValueException", std::move(message));
}

api_error resource_conflict(std::string message) {
    return fault(409, "ResourceConflictException", std::move(message));
}

api_error resource_not_found(std::string message) {
    return fault(404, "ResourceNotFoundException", std::move(message));
}

api_error wrong_revision() {
    return fault(412, "PreconditionFailedException",
                 "The Revision Id provided does not match the latest Revision Id. Call the "
                 "GetFunction/GetAlias API to retrieve the latest Revision Id");
}

std::optional<api_error> check_revision(const call& from, std::string_view there) {
    const auto asked = string_member(from.input, "RevisionId");
    return asked && *asked != there ? std::optional(wrong_revision()) : std::nullopt;
}

answer<function_reference> requested_function(const function_registry& in, const call& from) {
    const auto text = string_member(from.input, "FunctionName").value_or("");
    function_reference wanted;
    if (text.starts_with("arn:")) {
        const auto arn = parse_function_arn(text);
        if (!arn) {
            return invalid_parameter("FunctionName: " + arn.error().message());
        }
        if (arn->account != in.identity.account || arn->region != in.identity.region) {
            return resource_not_found("Function not found: " + text);
        }
        wanted = {arn->name, arn->qualifier};
    } else {
        wanted = parse_partial(text);
    }
    const auto qualifier = string_member(from.input, "Qualifier").value_or("");
    if (!qualifier.empty() && !wanted.qualifier.empty() && qualifier != wanted.qualifier) {
        return invalid_parameter(
            "The derived qualifier from the function name does not match the specified "
            "qualifier.");
    }
    if (!qualifier.empty()) {
        wanted.qualifier = qualifier;
    }
    return wanted;
}

answer<function_reference> tagged_function(const function_registry& in, const call& from,
                                           std::string_view member) {
    const auto text = string_member(from.input, member).value_or("");
    const auto arn = parse_function_arn(text);
    if (!arn || !arn->qualifier.empty()) {
        return invalid_parameter(std::string(member) +
                                 " must be the ARN of a function without a version or alias.");
    }
    if (arn->account != in.identity.account || arn->region != in.identity.region) {
        return resource_not_found("Function not found: " + text);
    }
    return function_reference{arn->name, ""};
}

std::string function_arn_of(const function_registry& in, std::string_view name,
                            std::string_view qualifier) {
    auto resource = "function:" + std::string(name);
    if (!qualifier.empty()) {
        resource += ":" + std::string(qualifier);
    }
    return in.identity.lambda_arn(resource);
}

answer<std::optional<function_record>> find_function(function_registry& in,
                                                     const std::string& name) {
    std::optional<function_record> found;
    const auto read = in.state.db().query(
        "lambda.find_function",
        "SELECT configuration, blob, code_size, revision_id, last_version, modified_at"
        " FROM functions WHERE name = ?1",
        {name}, [&](const db::row& row) {
            found = function_record{name,
                                    0,
                                    stored_object(row.text(0)),
                                    row.text(1),
                                    row.integer(2),
                                    row.text(3),
                                    row.integer(4),
                                    row.integer(5)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

answer<function_record> require_function(function_registry& in, const std::string& name) {
    auto found = find_function(in, name);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return resource_not_found("Function not found: " + function_arn_of(in, name, ""));
    }
    return std::move(**found);
}

answer<function_record> require_version(function_registry& in, const std::string& name,
                                        std::int64_t version) {
    std::optional<function_record> found;
    const auto read = in.state.db().query(
        "lambda.find_version",
        "SELECT configuration, blob, code_size, revision_id, modified_at"
        " FROM function_versions WHERE name = ?1 AND version = ?2",
        {name, version}, [&](const db::row& row) {
            found = function_record{name,        version,        stored_object(row.text(0)),
                                    row.text(1), row.integer(2), row.text(3),
                                    0,           row.integer(4)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    if (!found) {
        return resource_not_found("Function not found: " +
                                  function_arn_of(in, name, version_text(version)));
    }
    return std::move(*found);
}

answer<function_record> require_qualified(function_registry& in, const function_reference& wanted) {
    auto version = wanted.qualifier;
    if (version.empty() || version == latest) {
        return require_function(in, wanted.name);
    }
    if (!parse_version(version)) {
        const auto alias = find_alias(in, wanted.name, wanted.qualifier);
        if (!alias) {
            return alias.error();
        }
        if (!*alias) {
            return resource_not_found("Function not found: " +
                                      function_arn_of(in, wanted.name, wanted.qualifier));
        }
        version = (*alias)->version;
    }
    if (version == latest) {
        return require_function(in, wanted.name);
    }
    return require_version(in, wanted.name, parse_version(version).value_or(0));
}

answer<std::optional<alias_record>> find_alias(function_registry& in, const std::string& function,
                                               const std::string& name) {
    std::optional<alias_record> found;
    const auto read = in.state.db().query(
        "lambda.find_alias",
        "SELECT version, description, revision_id FROM function_aliases"
        " WHERE name = ?1 AND alias = ?2",
        {function, name}, [&](const db::row& row) {
            found = alias_record{function, name, row.text(0), row.text(1), row.text(2)};
        });
    if (!read) {
        return internal_error(read.error());
    }
    return found;
}

json::object describe(const function_registry& in, const function_record& function,
                      std::string_view qualifier) {
    json::object shown = function.configuration;
    shown["FunctionName"] = function.name;
    shown["FunctionArn"] = function_arn_of(in, function.name, qualifier);
    shown["Version"] = version_text(function.version);
    shown["CodeSize"] = function.code_size;
    shown["LastModified"] = last_modified(function.modified_at);
    shown["RevisionId"] = function.revision_id;
    shown["State"] = "Active";
    shown["LastUpdateStatus"] = "Successful";
    shown["PackageType"] = "Zip";
    shown["TracingConfig"] = {{"Mode", "PassThrough"}};
    return shown;
}

json::object describe(const function_registry& in, const alias_record& alias) {
    return {{"AliasArn", function_arn_of(in, alias.function, alias.name)},
            {"Name", alias.name},
            {"FunctionVersion", alias.version},
            {"Description", alias.description},
            {"RevisionId", alias.revision_id}};
}

std::string version_text(std::int64_t version) {
    return version == 0 ? std::string(latest) : std::to_string(version);
}

std::optional<std::int64_t> parse_version(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool whole = read.ec == std::errc() && read.ptr == end && number >= 0;
    return whole ? std::optional(number) : std::nullopt;
}

std::optional<api_error> write(function_registry& in, std::string_view name, std::string_view sql,
                               const std::vector<db::value>& bound) {
    const auto done = in.state.db().run(name, sql, bound);
    return done ? std::nullopt : std::optional(internal_error(done.error()));
}

std::int64_t now_milliseconds(const function_registry& in) {
    return to_epoch_milliseconds(in.time.now());
}

}  // namespace evergrass::cloud::lambda

#include "cloud/secrets/operations.hpp"
#include "cloud/store/tags.hpp"
#include "libs/base/random.hpp"

#include <algorithm>

namespace evergrass::cloud::secrets {
namespace {

bool is_name(std::string_view name) {
    constexpr std::string_view others = "/_+=.@-!";
    return !name.empty() && std::ranges::all_of(name, [&](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0) ||
               others.find(static_cast<char>(c)) != others.npos;
    });
}

std::string new_arn(const secret_registry& in, std::string_view name) {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string end;
    while (end.size() < 6) {
        const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
        if (byte < letters.size() * 4) {
            end += letters[byte % letters.size()];
        }
    }
    return "arn:" + in.identity.partition + ":secretsmanager:" + in.identity.region + ":" +
           in.identity.account + ":secret:" + std::string(name) + "-" + end;
}

reply created(const secret_record& made, const std::optional<std::string>& version) {
    json::object output{{"ARN", made.arn}, {"Name", made.name}};
    if (version) {
        output["VersionId"] = *version;
    }
    return reply{std::move(output)};
}

// The same token with the same value is the answer that was given before.
api_result again(secret_registry& in, const secret_record& there, const call& from,
                 const std::optional<secret_value>& value) {
    if (there.deleted_at) {
        return invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for "
            "deletion.");
    }
    const auto token = string_member(from.input, "ClientRequestToken");
    if (token && value) {
        const auto known = open_value(in, there.arn, *token);
        if (known && known->is_binary == value->is_binary && known->bytes == value->bytes) {
            return created(there, token);
        }
    }
    return already_exists("The operation failed because the secret " + there.name +
                          " already exists.");
}

}  // namespace

api_result create_secret(secret_registry& in, const call& from) {
    const auto name = string_member(from.input, "Name").value_or("");
    if (!is_name(name)) {
        return api_error{
            400, "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or "
            "any of the following: -/_+=.@!"};
    }
    const auto value = requested_value(from);
    if (!value) {
        return value.error();
    }
    if (auto purged = purge_expired(in); !purged) {
        return purged.error();
    }
    const auto there = find_secret(in, name);
    if (!there) {
        return there.error();
    }
    if (*there) {
        return again(in, **there, from, *value);
    }
    secret_record made;
    made.arn = new_arn(in, name);
    made.name = name;
    made.description = string_member(from.input, "Description");
    made.kms_key_id = string_member(from.input, "KmsKeyId");
    made.created_at = made.changed_at = now_milliseconds(in);
    auto done = write_secret(in, made);
    if (done) {
        done =
            written(set_tags(in.state, made.arn, tags_from_list(array_member(from.input, "Tags"))));
    }
    std::optional<std::string> version;
    if (done && *value) {
        version = requested_token(from);
        done = put_version(in, made, *version, **value, {std::string(current)});
    }
    return done ? api_result(created(made, version)) : api_result(done.error());
}

}  // namespace evergrass::cloud::secrets

#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What Secrets Manager's operations share: the secrets in the store, how they are named and shown.
// The caller holds the store's lock where it reads more than once. Values are sealed by the store's
// vault (docs/formats/master-key.md).
namespace evergrass::cloud::secrets {

// Lives longer than the operation table.
struct secret_registry {
    store& state;
    const service_identity& identity;
    const clock& time;
};

struct secret_record {
    std::string arn;  // ends in the name, '-' and six random characters
    std::string name;
    std::optional<std::string> description;
    std::optional<std::string> kms_key_id;
    std::int64_t created_at = 0;  // milliseconds since 1970, as below
    std::int64_t changed_at = 0;
    std::optional<std::int64_t> accessed_at;  // start of that day
    std::optional<std::int64_t> deleted_at;
    std::optional<std::int64_t> purge_at;  // when a deleted one goes for good
};

struct version_record {
    std::string id;
    bool is_binary = false;
    std::int64_t created_at = 0;
    std::optional<std::int64_t> accessed_at;
    std::vector<std::string> stages;  // none: deprecated
};

inline constexpr std::string_view current = "AWSCURRENT";
inline constexpr std::string_view previous = "AWSPREVIOUS";

// All of them 400, as Secrets Manager has it.
api_error not_found(std::string message = "Secrets Manager can't find the specified secret.");
api_error invalid_parameter(std::string message);
api_error invalid_request(std::string message);
api_error already_exists(std::string message);

// By name, whole ARN, or an ARN without its six characters. One whose time of recovery is over is
// not there.
answer<std::optional<secret_record>> find_secret(secret_registry& in, const std::string& id);
answer<secret_record> require_secret(secret_registry& in, const std::string& id);
// The one that the call's SecretId names; an error for one that is to be deleted.
answer<secret_record> requested_secret(secret_registry& in, const call& from);

// Newest first.
answer<std::vector<version_record>> versions_of(secret_registry& in, const std::string& arn);

struct secret_value {
    bool is_binary = false;
    std::string bytes;  // at most 65536
};
// What SecretString or SecretBinary of a call carry; nullopt: neither. Both, or one too long, is an
// error.
answer<std::optional<secret_value>> requested_value(const call& from);
answer<secret_value> open_value(secret_registry& in, const std::string& arn,
                                const std::string& version);

// Adds a version under the id `token`; a version of that id with the same value is what was wanted,
// another an error. Its labels are taken from the versions that had them.
answer<void> put_version(secret_registry& in, const secret_record& owner, const std::string& token,
                         const secret_value& value, const std::vector<std::string>& stages);
// Gives the label to a version; AWSCURRENT leaves AWSPREVIOUS behind. Versions that have no label
// any more are kept up to a hundred.
answer<void> move_stage(secret_registry& in, const std::string& arn, const std::string& stage,
                        const std::string& to_version);

answer<void> write_secret(secret_registry& in, const secret_record& changed);
// With all its versions and tags.
answer<void> purge_secret(secret_registry& in, const std::string& arn);
// Secrets whose time of recovery is over go.
answer<void> purge_expired(secret_registry& in);

// ClientRequestToken, or a new one.
std::string requested_token(const call& from);
std::int64_t now_milliseconds(const secret_registry& in);
// Seconds since 1970, as the API has times.
double as_seconds(std::int64_t milliseconds);
json::array as_array(const std::vector<std::string>& texts);

answer<void> written(const result<void>& done);

}  // namespace evergrass::cloud::secrets

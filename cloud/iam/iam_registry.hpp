#pragma once

#include "cloud/gateway/paging.hpp"
#include "cloud/gateway/transaction.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the operations of IAM and STS share: roles and policies in the store. They are kept and
// shown as tools expect; what a role may do is not asked. The caller holds the store's lock where
// it reads more than once.
namespace evergrass::cloud::iam {

// Lives longer than the operation table.
struct iam_registry {
    store& state;
    const service_identity& identity;
    const clock& time;
};

struct role_record {
    std::string name;
    std::string id;    // AROA and 17 characters
    std::string path;  // "/service-role/"
    std::optional<std::string> description;
    std::string trust;  // the policy document, as it was given
    std::int64_t max_session_seconds = 3600;
    std::int64_t created_at = 0;  // milliseconds since 1970, as below
};

struct policy_record {
    std::string arn;
    std::string id;  // ANPA and 17 characters
    std::string name;
    std::string path;
    std::optional<std::string> description;
    std::int64_t default_version = 1;
    std::int64_t last_version = 1;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
};

inline constexpr paging_style iam_paging{"MaxItems", "Marker", "ValidationError", 100, 1000};

api_error no_such_entity(std::string message);  // 404
api_error no_such_role_policy(const std::string& name);
api_error already_exists(std::string message);   // 409
api_error delete_conflict(std::string message);  // 409

std::string role_arn(const iam_registry& in, const role_record& role);
answer<std::optional<role_record>> find_role(iam_registry& in, const std::string& name);
// The one that the call's RoleName names.
answer<role_record> requested_role(iam_registry& in, const call& from);
answer<void> write_role(iam_registry& in, const role_record& role);
// Role, with its document percent-encoded as IAM sends it.
json::object shown(const iam_registry& in, const role_record& role);
// The columns name, id, path, description, trust, max_session_seconds, created_at.
role_record read_role(const db::row& row);

answer<std::optional<policy_record>> find_policy(iam_registry& in, const std::string& arn);
// The one that the call's PolicyArn names.
answer<policy_record> requested_policy(iam_registry& in, const call& from);
answer<void> write_policy(iam_registry& in, const policy_record& policy);
answer<std::int64_t> attachments_of(iam_registry& in, const std::string& policy_arn);
answer<json::object> shown(iam_registry& in, const policy_record& policy);
// One of AWS's own, arn:aws:iam::aws:policy/…: it can be attached, and is not kept.
bool is_managed_by_aws(std::string_view policy_arn);

api_error no_such_version(const policy_record& policy, const std::string& id);

// A call's policy document: an object with a Statement, or MalformedPolicyDocument.
answer<std::string> requested_document(const call& from, std::string_view member);
// "v3" to 3.
std::optional<std::int64_t> version_number(std::string_view text);

std::string new_id(std::string_view prefix);
std::int64_t now_milliseconds(const iam_registry& in);
answer<void> done(const result<void>& outcome);
// The answer of an operation that has no output.
api_result without_output(const answer<void>& outcome);
// The same of a statement that removes one row; `absent` when there was none.
api_result remove_one(iam_registry& in, std::string_view name, std::string_view sql,
                      const std::vector<db::value>& bound, api_error absent);

// A list of texts and its page: IsTruncated and Marker join the output.
struct listed {
    std::string key;
    json::value item;
};
reply listing(std::string_view member, std::vector<listed> rows, const page& wanted);

}  // namespace evergrass::cloud::iam

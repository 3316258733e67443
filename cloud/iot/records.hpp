#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/iot/registry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Rows of the registry, and the questions that several operations ask of them. The caller holds the
// store's lock.
namespace evergrass::cloud::iot {

struct thing_record {
    std::string name;
    std::string id;
    std::optional<std::string> type_name;
    json::object attributes;
    std::int64_t version = 1;
};

struct certificate_record {
    std::string id;
    std::string pem;
    std::string status;
    std::string mode;
    std::int64_t created_at = 0;  // milliseconds since 1970, as all below
    std::int64_t updated_at = 0;
    std::int64_t not_before = 0;
    std::int64_t not_after = 0;
    std::optional<std::string> ca;  // the registered CA that it was registered by
};

struct policy_record {
    std::string name;
    std::int64_t default_version = 1;
    std::int64_t last_version = 1;
    std::int64_t created_at = 0;
    std::int64_t updated_at = 0;
};

api_error invalid_request(std::string message);
api_error resource_not_found(std::string message);

answer<std::optional<thing_record>> find_thing(registry& in, std::string_view name);
answer<std::optional<certificate_record>> find_certificate(registry& in, std::string_view id);
answer<std::optional<policy_record>> find_policy(registry& in, std::string_view name);

// The same, with ResourceNotFoundException when there is none.
answer<thing_record> require_thing(registry& in, std::string_view name);
answer<certificate_record> require_certificate(registry& in, std::string_view id);
answer<policy_record> require_policy(registry& in, std::string_view name);

// The id of a registered certificate of this account and region, from its ARN.
answer<std::string> require_principal(registry& in, std::string_view arn);
// Only the form of the ARN is checked.
answer<std::string> principal_id(const registry& in, std::string_view arn);

// True when the query, which counts, counts more than none.
answer<bool> exists(registry& in, std::string_view name, std::string_view sql,
                    const std::vector<db::value>& bound);
// For a parameter that may be null.
db::value text_or_null(const std::optional<std::string>& text);
// Runs a statement; a fault of the store is a 500.
std::optional<api_error> write(registry& in, std::string_view name, std::string_view sql,
                               const std::vector<db::value>& bound);

std::string thing_arn(const registry& in, std::string_view name);
std::string certificate_arn(const registry& in, std::string_view id);
std::string policy_arn(const registry& in, std::string_view name);

// An item of a list of certificates, of the columns id, status, mode and created_at.
json::value listed_certificate(const registry& in, const db::row& row, int first_column);

std::int64_t now_milliseconds(const registry& in);
// The model's timestamp type: seconds since 1970, with the milliseconds behind the point.
double as_timestamp(std::int64_t milliseconds);

// A required member that is a string; the gateway has checked that it is there.
std::string required_text(const call& from, std::string_view member);

}  // namespace evergrass::cloud::iot

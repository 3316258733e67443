#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What Lambda's operations share: the functions in the store, and how they are named and shown. The
// caller holds the store's lock where it reads more than once.
namespace evergrass::cloud::objects {
class object_store;
}
namespace evergrass::cloud::lambda {

class core_invocations;

// Lives longer than the operation table.
struct function_registry {
    store& state;
    const service_identity& identity;
    const clock& time;
    // Where code may come from by S3Bucket and S3Key; null: nowhere.
    objects::object_store* objects = nullptr;
    // `host[:port]` at which packages are fetched (code_location.hpp); empty: nowhere.
    std::function<std::string()> code_host = [] { return std::string(); };
    // The way to cores, for Invoke; null: there is none.
    core_invocations* invocations = nullptr;
    // Was a group with this core, a thing's name, ever deployed?
    std::function<result<bool>(const std::string& thing)> is_core = [](const std::string&) {
        return result<bool>(false);
    };
};

// A function's $LATEST, or one of its published versions.
struct function_record {
    std::string name;
    std::int64_t version = 0;    // 0: $LATEST
    json::object configuration;  // FunctionConfiguration's members but name, ARN, version and size
    std::string blob;            // SHA-256 of the package, hexadecimal: the key in `blobs`
    std::int64_t code_size = 0;
    std::string revision_id;
    std::int64_t last_version = 0;  // of $LATEST only: the highest version ever published
    std::int64_t modified_at = 0;   // milliseconds since 1970
};

struct alias_record {
    std::string function;
    std::string name;
    std::string version;  // a number, or $LATEST
    std::string description;
    std::string revision_id;
};

inline constexpr std::string_view latest = "$LATEST";

api_error invalid_parameter(std::string message);
api_error resource_conflict(std::string message);
api_error resource_not_found(std::string message);
api_error wrong_revision();
// An error when the call names a RevisionId, and it is not the one that is there.
std::optional<api_error> check_revision(const call& from, std::string_view there);

// Which function a call means: FunctionName is a name, a partial or a whole ARN, each with or
// without a qualifier, which may also stand in Qualifier.
struct function_reference {
    std::string name;
    std::string qualifier;  // empty: none was given
};
answer<function_reference> requested_function(const function_registry& in, const call& from);

// "arn:…:function:NAME", with ":QUALIFIER" unless that is empty.
std::string function_arn_of(const function_registry& in, std::string_view name,
                            std::string_view qualifier);

answer<std::optional<function_record>> find_function(function_registry& in,
                                                     const std::string& name);
answer<function_record> require_function(function_registry& in, const std::string& name);
answer<function_record> require_version(function_registry& in, const std::string& name,
                                        std::int64_t version);
// By number, alias or $LATEST; no qualifier means $LATEST.
answer<function_record> require_qualified(function_registry& in, const function_reference& wanted);
answer<std::optional<alias_record>> find_alias(function_registry& in, const std::string& function,
                                               const std::string& name);

// FunctionConfiguration. `qualifier` is what its ARN ends in; empty: nothing.
json::object describe(const function_registry& in, const function_record& function,
                      std::string_view qualifier);
json::object describe(const function_registry& in, const alias_record& alias);

// The text before a function's tags and policies: its ARN without a qualifier.
answer<function_reference> tagged_function(const function_registry& in, const call& from,
                                           std::string_view member);

std::string version_text(std::int64_t version);
// A published version's number: digits only.
std::optional<std::int64_t> parse_version(std::string_view text);

std::optional<api_error> write(function_registry& in, std::string_view name, std::string_view sql,
                               const std::vector<db::value>& bound);
std::int64_t now_milliseconds(const function_registry& in);

}  // namespace evergrass::cloud::lambda

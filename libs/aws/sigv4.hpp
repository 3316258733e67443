#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS Signature Version 4, both sides: the service verifies with it, our command line signs with
// it.
namespace evergrass::aws {

struct credentials {
    std::string access_key_id;
    std::string secret_access_key;
};

// What is signed. Header names in any case.
struct signable_request {
    std::string method;
    std::string target;  // path and query as on the wire
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

// The same, lent: so that a server verifies what it received without a copy.
struct signed_parts {
    std::string_view method;
    std::string_view target;
    std::span<const std::pair<std::string, std::string>> headers;
    std::string_view body;

    signed_parts(std::string_view method_of, std::string_view target_of,
                 std::span<const std::pair<std::string, std::string>> headers_of,
                 std::string_view body_of)
        : method(method_of), target(target_of), headers(headers_of), body(body_of) {}
    signed_parts(const signable_request& r) : signed_parts(r.method, r.target, r.headers, r.body) {}
};

// Adds x-amz-date, x-amz-content-sha256 (for s3 only) and Authorization. `Host` must be there.
void sign(signable_request& r, const credentials& who, std::string_view region,
          std::string_view service, wall_time now);

// A URL that needs no headers: GET, and only `host` is signed beside the query.
struct presigning {
    std::string host;  // as the client will send it: with the port, where it is not the usual one
    std::string path;  // encoded as on the wire, no query
    std::string region;
    std::string service;
    std::chrono::seconds expires{900};  // 1 s to 7 days
    std::string session_token;          // empty: the keys are not temporary
};

// Path and query, with X-Amz-Signature.
std::string presign_get(const presigning& wanted, const credentials& who, wall_time now);

struct authorization {
    std::string access_key_id;
    std::string date;  // 20261123
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers;  // lower case, sorted
    std::string signature;                    // 64 hex digits
};

// Reads `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
result<authorization> parse_authorization(std::string_view header);

// What signs under this claim's date, region and service: 32 bytes that stand for the secret that
// day. Four HMACs, so that who verifies much remembers it.
std::string signing_key(const authorization& claimed, std::string_view secret_access_key);

// Success when the request was signed with this key within 15 minutes of `now`. The path is
// encoded twice for every service but s3 (spec/cloud.md §6.1); the body's hash is always checked,
// but for s3 where the header x-amz-content-sha256 says that it is not signed.
result<void> verify_with_key(const signed_parts& r, const authorization& claimed,
                             std::string_view signing_key, wall_time now);
// The same by the secret.
result<void> verify(const signed_parts& r, const authorization& claimed,
                    std::string_view secret_access_key, wall_time now);

// A request that says in its query who signed it, as the AWS SDKs open WebSockets to AWS IoT.
struct presigned_query {
    authorization claimed;
    std::string amz_date;                         // 20261123T193000Z
    std::optional<std::chrono::seconds> expires;  // 1 s to 7 days after amz_date
};

// Reads X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders and -Signature of the target.
// nullopt: it has no X-Amz-Signature.
result<std::optional<presigned_query>> parse_presigned(std::string_view target);

// Success when the request was signed with this key and `now` is within its time: X-Amz-Expires,
// or 15 minutes where that is not said; it may be signed up to 15 minutes from now. A session token
// is not part of what is signed, as AWS IoT's clients add it afterwards. For s3 the body isn't
// either.
result<void> verify_presigned_with_key(const signed_parts& r, const presigned_query& claimed,
                                       std::string_view signing_key, wall_time now);
// The same by the secret.
result<void> verify_presigned(const signed_parts& r, const presigned_query& claimed,
                              std::string_view secret_access_key, wall_time now);

}  // namespace evergrass::aws

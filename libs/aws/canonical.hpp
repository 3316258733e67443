#pragma once

#include "libs/aws/sigv4.hpp"

#include <string>
#include <string_view>
#include <vector>

// The pieces of Signature Version 4 that signer and verifier share.
namespace evergrass::aws {

// The canonical request (headers named by `signed_headers`, lower case and sorted; a header that is
// missing counts as empty). The body's hash is computed, never taken from a header, unless
// `payload` stands in for it: S3's UNSIGNED-PAYLOAD.
std::string canonical_request(const signed_parts& r, std::string_view service,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload = {});

// Path as it is signed: without dot segments and doubled slashes, and each percent sign encoded
// again; S3 signs the path as it is on the wire.
std::string canonical_path(std::string_view path, std::string_view service);

// Pairs encoded anew and sorted.
std::string canonical_query(std::string_view query);

// The header's value with runs of blanks made one; several of the name are joined by commas.
std::string canonical_header(const signed_parts& r, std::string_view lower_name);

struct scope {
    std::string_view date;  // 20261123
    std::string_view region;
    std::string_view service;

    std::string to_string() const;  // date/region/service/aws4_request
};

// What the secret becomes for this scope: 32 bytes.
std::string signing_key(const scope& s, std::string_view secret_access_key);
// 64 hex digits.
std::string sign_text(std::string_view to_sign, std::string_view key);
// 64 hex digits, by the secret or by its signing_key().
std::string signature_of(std::string_view canonical, std::string_view amz_date, const scope& s,
                         std::string_view secret_access_key);
std::string signature_by_key(std::string_view canonical, std::string_view amz_date, const scope& s,
                             std::string_view key);

}  // namespace evergrass::aws

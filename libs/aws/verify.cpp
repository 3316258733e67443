#include "libs/aws/canonical.hpp"
#include "libs/aws/chunks.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>

namespace evergrass::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr auto allowed_skew = std::chrono::minutes(15);
// More than any client signs; bounds the work for a header from outside.
constexpr std::size_t most_signed_headers = 100;

// What S3's clients sign in place of the body's hash: over TLS, in presigned URLs, and with the
// checksum behind the body. Other services have no such thing.
constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
constexpr std::string_view unsigned_chunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

error incomplete(const std::string& why) {
    return {errc::invalid_input, why};
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    for (;;) {
        const auto end = text.find(separator, start);
        parts.push_back(text.substr(start, end - start));
        if (end == std::string_view::npos) {
            return parts;
        }
        start = end + 1;
    }
}

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_lower_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A header name in lower case: of the token characters of RFC 9110, those that names really use.
bool is_header_name(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                                std::string_view::npos;
}

// `where`: "Credential in the Authorization header" …, for the error.
result<void> read_credential(std::string_view credential, const std::string& where,
                             authorization& into) {
    const auto parts = split(credential, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty() ||
        parts[1].size() != 8 || !is_digits(parts[1]) || parts[2].empty() || parts[3].empty()) {
        return incomplete(where + " must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request");
    }
    into.access_key_id = parts[0];
    into.date = parts[1];
    into.region = parts[2];
    into.service = parts[3];
    return {};
}

result<void> read_signed_headers(std::string_view list, const std::string& where,
                                 authorization& into) {
    const auto names = split(list, ';');
    if (names.size() > most_signed_headers ||
        !std::all_of(names.begin(), names.end(), is_header_name)) {
        return incomplete(where + " must be lower-case names joined by ';'");
    }
    into.signed_headers.assign(names.begin(), names.end());
    if (!std::is_sorted(names.begin(), names.end()) ||
        std::adjacent_find(names.begin(), names.end()) != names.end()) {
        return incomplete(where + " must be sorted");
    }
    if (!std::binary_search(names.begin(), names.end(), "host")) {
        return incomplete(where + " must have 'host'");
    }
    return {};
}

result<void> read_signature(std::string_view signature, const std::string& where,
                            authorization& into) {
    if (signature.size() != 64 || !is_lower_hex(signature)) {
        return incomplete(where + " must be 64 lower-case hex digits");
    }
    into.signature = signature;
    return {};
}

error signature_mismatch() {
    return {
        errc::denied,
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."};
}

// The time the request was signed at: x-amz-date, in its basic ISO 8601 form.
result<wall_time> signing_time(const std::string& amz_date, const authorization& claimed) {
    if (amz_date.empty()) {
        return incomplete("Authorization header requires existence of the 'X-Amz-Date' header");
    }
    auto at = parse_basic_iso8601(amz_date);
    if (!at) {
        return incomplete("X-Amz-Date must be YYYYMMDDTHHMMSSZ");
    }
    if (amz_date.compare(0, 8, claimed.date) != 0) {
        return error{errc::denied, "Date in Credential scope does not match the X-Amz-Date header"};
    }
    return at;
}

result<void> check_age(const std::string& amz_date, wall_time signed_at, std::chrono::seconds life,
                       wall_time now) {
    if (signed_at < now - life) {
        const auto said = life == allowed_skew ? "15 min." : std::to_string(life.count()) + " s";
        return error{errc::timed_out, "Signature expired: " + amz_date + " is now earlier than " +
                                          format_basic_iso8601(now - life) + " (" +
                                          format_basic_iso8601(now) + " - " + said + ")"};
    }
    if (signed_at > now + allowed_skew) {
        return error{errc::timed_out, "Signature not yet current: " + amz_date +
                                          " is still later than " +
                                          format_basic_iso8601(now + allowed_skew) + " (" +
                                          format_basic_iso8601(now) + " + 15 min.)"};
    }
    return {};
}

std::optional<std::chrono::seconds> read_expires(std::string_view text) {
    constexpr int longest = 7 * 24 * 60 * 60;
    int seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc() || end != text.data() + text.size() || seconds < 1 ||
        seconds > longest) {
        return std::nullopt;
    }
    return std::chrono::seconds(seconds);
}

// The target without what was added to its query after it was signed. It has a query.
std::string without_signature(std::string_view target) {
    const auto mark = target.find('?');
    std::string kept(target.substr(0, mark));
    char separator = '?';
    for (const auto part : split(target.substr(mark + 1), '&')) {
        if (!part.starts_with("X-Amz-Signature=") && !part.starts_with("X-Amz-Security-Token=")) {
            kept.append(1, separator).append(part);
            separator = '&';
        }
    }
    return kept;
}

}  // namespace

result<authorization> parse_authorization(std::string_view header) {
    header = trimmed(header);
    if (!header.starts_with(algorithm) || header.size() == algorithm.size() ||
        header[algorithm.size()] != ' ') {
        return incomplete("Authorization header must start with 'AWS4-HMAC-SHA256 '");
    }
    std::optional<std::string_view> credential;
    std::optional<std::string_view> names;
    std::optional<std::string_view> signature;
    for (const auto part : split(header.substr(algorithm.size() + 1), ',')) {
        const auto parameter = trimmed(part);
        const auto equals = parameter.find('=');
        const auto key = parameter.substr(0, equals);
        const auto value =
            equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
        if (key == "Credential") {
            credential = value;
        } else if (key == "SignedHeaders") {
            names = value;
        } else if (key == "Signature") {
            signature = value;
        } else {
            return incomplete("Authorization header has an unknown parameter");
        }
    }
    if (!credential || !names || !signature) {
        return incomplete(
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' "
            "parameters");
    }
    authorization read;
    const std::string where = " in the Authorization header";
    if (auto good = read_credential(*credential, "Credential" + where, read); !good) {
        return good.error();
    }
    if (auto good = read_signed_headers(*names, "SignedHeaders" + where, read); !good) {
        return good.error();
    }
    if (auto good = read_signature(*signature, "Signature" + where, read); !good) {
        return good.error();
    }
    return read;
}

result<void> verify(const signed_parts& r, const authorization& claimed,
                    std::string_view secret_access_key, wall_time now) {
    return verify_with_key(r, claimed, signing_key(claimed, secret_access_key), now);
}

result<void> verify_with_key(const signed_parts& r, const authorization& claimed,
                             std::string_view key, wall_time now) {
    const auto amz_date = canonical_header(r, "x-amz-date");
    const auto signed_at = signing_time(amz_date, claimed);
    if (!signed_at) {
        return signed_at.error();
    }
    if (auto current = check_age(amz_date, *signed_at, allowed_skew, now); !current) {
        return current;
    }
    const auto stated_hash = canonical_header(r, "x-amz-content-sha256");
    const bool stands_in = claimed.service == "s3" &&
                           (stated_hash == unsigned_payload || stated_hash == unsigned_chunks ||
                            are_signed_chunks(stated_hash));
    if (!stands_in && !stated_hash.empty() && stated_hash != sha256_hex(r.body)) {
        return signature_mismatch();
    }
    const scope scope{claimed.date, claimed.region, claimed.service};
    const auto expected = signature_by_key(
        canonical_request(r, claimed.service, claimed.signed_headers,
                          stands_in ? std::string_view(stated_hash) : std::string_view()),
        amz_date, scope, key);
    if (!equal_in_constant_time(expected, claimed.signature)) {
        return signature_mismatch();
    }
    return {};
}

result<std::optional<presigned_query>> parse_presigned(std::string_view target) {
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) {
        return std::optional<presigned_query>();
    }
    std::map<std::string, std::string, std::less<>> said;
    for (const auto part : split(target.substr(mark + 1), '&')) {
        const auto equals = std::min(part.find('='), part.size());
        const auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
        if (part.starts_with("X-Amz-") && value &&
            !said.emplace(part.substr(0, equals), *value).second) {
            return incomplete("the query has " + std::string(part.substr(0, equals)) + " twice");
        }
    }
    if (!said.contains("X-Amz-Signature")) {
        return std::optional<presigned_query>();
    }
    if (said["X-Amz-Algorithm"] != algorithm) {
        return incomplete("X-Amz-Algorithm in the query must be AWS4-HMAC-SHA256");
    }
    presigned_query read;
    read.amz_date = said["X-Amz-Date"];
    if (auto good = read_credential(said["X-Amz-Credential"], "X-Amz-Credential in the query",
                                    read.claimed);
        !good) {
        return good.error();
    }
    if (auto good = read_signed_headers(said["X-Amz-SignedHeaders"],
                                        "X-Amz-SignedHeaders in the query", read.claimed);
        !good) {
        return good.error();
    }
    if (auto good =
            read_signature(said["X-Amz-Signature"], "X-Amz-Signature in the query", read.claimed);
        !good) {
        return good.error();
    }
    if (const auto text = said.find("X-Amz-Expires"); text != said.end()) {
        read.expires = read_expires(text->second);
        if (!read.expires) {
            return incomplete("X-Amz-Expires in the query must be 1 to 604800");
        }
    }
    return std::optional(std::move(read));
}

result<void> verify_presigned(const signed_parts& r, const presigned_query& claimed,
                              std::string_view secret_access_key, wall_time now) {
    return verify_presigned_with_key(r, claimed, signing_key(claimed.claimed, secret_access_key),
                                     now);
}

result<void> verify_presigned_with_key(const signed_parts& r, const presigned_query& claimed,
                                       std::string_view key, wall_time now) {
    const auto signed_at = signing_time(claimed.amz_date, claimed.claimed);
    if (!signed_at) {
        return signed_at.error();
    }
    const auto life = claimed.expires.value_or(allowed_skew);
    if (auto current = check_age(claimed.amz_date, *signed_at, life, now); !current) {
        return current;
    }
    auto unsigned_target = r;
    const auto signed_target = without_signature(r.target);
    unsigned_target.target = signed_target;
    const auto& by = claimed.claimed;
    const scope scope{by.date, by.region, by.service};
    const auto payload = by.service == "s3" ? unsigned_payload : std::string_view();
    const auto expected =
        signature_by_key(canonical_request(unsigned_target, by.service, by.signed_headers, payload),
                         claimed.amz_date, scope, key);
    if (!equal_in_constant_time(expected, by.signature)) {
        return signature_mismatch();
    }
    return {};
}

}  // namespace evergrass::aws

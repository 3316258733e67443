#include "libs/aws/canonical.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace evergrass::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr auto allowed_skew = std::chrono::minutes(15);
// More than any client signs; bounds the work for a header from outside.
constexpr std::size_t most_signed_headers = 100;

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

result<void> read_credential(std::string_view credential, authorization& into) {
    const auto parts = split(credential, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty() ||
        parts[1].size() != 8 || !is_digits(parts[1]) || parts[2].empty() || parts[3].empty()) {
        return incomplete(
            "Credential in the Authorization header must be KEY/YYYYMMDD/REGION/SERVICE/"
            "aws4_request");
    }
    into.access_key_id = parts[0];
    into.date = parts[1];
    into.region = parts[2];
    into.service = parts[3];
    return {};
}

result<void> read_signed_headers(std::string_view list, authorization& into) {
    const auto names = split(list, ';');
    if (names.size() > most_signed_headers ||
        !std::all_of(names.begin(), names.end(), is_header_name)) {
        return incomplete(
            "SignedHeaders in the Authorization header must be lower-case names joined by ';'");
    }
    into.signed_headers.assign(names.begin(), names.end());
    if (!std::is_sorted(names.begin(), names.end()) ||
        std::adjacent_find(names.begin(), names.end()) != names.end()) {
        return incomplete("SignedHeaders in the Authorization header must be sorted");
    }
    if (!std::binary_search(names.begin(), names.end(), "host")) {
        return incomplete("SignedHeaders in the Authorization header must have 'host'");
    }
    return {};
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

result<void> check_age(const std::string& amz_date, wall_time signed_at, wall_time now) {
    if (signed_at < now - allowed_skew) {
        return error{errc::timed_out, "Signature expired: " + amz_date + " is now earlier than " +
                                          format_basic_iso8601(now - allowed_skew) + " (" +
                                          format_basic_iso8601(now) + " - 15 min.)"};
    }
    if (signed_at > now + allowed_skew) {
        return error{errc::timed_out, "Signature not yet current: " + amz_date +
                                          " is still later than " +
                                          format_basic_iso8601(now + allowed_skew) + " (" +
                                          format_basic_iso8601(now) + " + 15 min.)"};
    }
    return {};
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
    if (auto good = read_credential(*credential, read); !good) {
        return good.error();
    }
    if (auto good = read_signed_headers(*names, read); !good) {
        return good.error();
    }
    if (signature->size() != 64 || !is_lower_hex(*signature)) {
        return incomplete("Signature in the Authorization header must be 64 lower-case hex digits");
    }
    read.signature = *signature;
    return read;
}

result<void> verify(const signable_request& r, const authorization& claimed,
                    std::string_view secret_access_key, wall_time now) {
    const auto amz_date = canonical_header(r, "x-amz-date");
    const auto signed_at = signing_time(amz_date, claimed);
    if (!signed_at) {
        return signed_at.error();
    }
    if (auto current = check_age(amz_date, *signed_at, now); !current) {
        return current;
    }
    const error mismatch{
        errc::denied,
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."};
    const auto stated_hash = canonical_header(r, "x-amz-content-sha256");
    if (!stated_hash.empty() && stated_hash != sha256_hex(r.body)) {
        return mismatch;
    }
    const scope scope{claimed.date, claimed.region, claimed.service};
    const auto expected =
        signature_of(canonical_request(r, claimed.service, claimed.signed_headers), amz_date, scope,
                     secret_access_key);
    if (!equal_in_constant_time(expected, claimed.signature)) {
        return mismatch;
    }
    return {};
}

}  // namespace evergrass::aws

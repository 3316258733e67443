#include "libs/aws/canonical.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"

#include <algorithm>

namespace evergrass::aws {
namespace {

char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                      [](char x, char y) { return lower_case(x) == y; });
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

void append_with_single_blanks(std::string& out, std::string_view value) {
    bool pending = false;
    bool any = false;
    for (const char c : value) {
        if (is_blank(c)) {
            pending = any;
            continue;
        }
        if (pending) {
            out += ' ';
            pending = false;
        }
        out += c;
        any = true;
    }
}

// RFC 3986 §5.2.4; empty segments vanish too.
std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    std::size_t start = 0;
    while (start <= path.size()) {
        const auto end = std::min(path.find('/', start), path.size());
        const auto segment = path.substr(start, end - start);
        if (segment == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
        } else if (!segment.empty() && segment != ".") {
            kept.push_back(segment);
        }
        start = end + 1;
    }
    std::string normal;
    for (const auto segment : kept) {
        normal.append("/").append(segment);
    }
    const bool directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if (normal.empty() || directory) {
        normal += '/';
    }
    return normal;
}

// A broken escape stays as it is: it was signed as it is.
std::string encoded_anew(std::string_view text) {
    const auto decoded = percent_decode(text);
    return percent_encode(decoded ? std::string_view(*decoded) : text);
}

}  // namespace

std::string canonical_path(std::string_view path, std::string_view service) {
    if (service == "s3") {
        const auto decoded = percent_decode(path);
        return percent_encode(decoded ? std::string_view(*decoded) : path, true);
    }
    return percent_encode(without_dot_segments(path), true);
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    std::size_t start = 0;
    while (start < query.size()) {
        const auto end = std::min(query.find('&', start), query.size());
        const auto pair = query.substr(start, end - start);
        start = end + 1;
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        const auto name = pair.substr(0, equals);
        const auto value =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        pairs.emplace_back(encoded_anew(name), encoded_anew(value));
    }
    std::sort(pairs.begin(), pairs.end());
    std::string out;
    for (const auto& [name, value] : pairs) {
        if (!out.empty()) {
            out += '&';
        }
        out.append(name).append("=").append(value);
    }
    return out;
}

std::string canonical_header(const signed_parts& r, std::string_view lower_name) {
    std::string out;
    bool first = true;
    for (const auto& [name, value] : r.headers) {
        if (!equal_ignoring_case(name, lower_name)) {
            continue;
        }
        if (!first) {
            out += ',';
        }
        append_with_single_blanks(out, value);
        first = false;
    }
    return out;
}

std::string canonical_request(const signed_parts& r, std::string_view service,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload) {
    const std::string_view target = r.target;
    const auto mark = target.find('?');
    const auto query =
        mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    std::string out;
    out.reserve(1024);
    out.append(r.method).append("\n");
    out.append(canonical_path(target.substr(0, mark), service)).append("\n");
    out.append(canonical_query(query)).append("\n");
    std::string names;
    for (const auto& name : signed_headers) {
        out.append(name).append(":").append(canonical_header(r, name)).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    out.append("\n").append(names).append("\n");
    return out.append(payload.empty() ? sha256_hex(r.body) : std::string(payload));
}

std::string scope::to_string() const {
    std::string out(date);
    out.append("/").append(region).append("/").append(service).append("/aws4_request");
    return out;
}

std::string signing_key(const scope& s, std::string_view secret_access_key) {
    auto key = hmac_sha256("AWS4" + std::string(secret_access_key), s.date);
    key = hmac_sha256(key, s.region);
    key = hmac_sha256(key, s.service);
    return hmac_sha256(key, "aws4_request");
}

std::string signing_key(const authorization& claimed, std::string_view secret_access_key) {
    return signing_key(scope{claimed.date, claimed.region, claimed.service}, secret_access_key);
}

std::string sign_text(std::string_view to_sign, std::string_view key) {
    return hex_encode(hmac_sha256(key, to_sign));
}

std::string signature_of(std::string_view canonical, std::string_view amz_date, const scope& s,
                         std::string_view secret_access_key) {
    return signature_by_key(canonical, amz_date, s, signing_key(s, secret_access_key));
}

std::string signature_by_key(std::string_view canonical, std::string_view amz_date, const scope& s,
                             std::string_view key) {
    std::string to_sign = "AWS4-HMAC-SHA256\n";
    to_sign.append(amz_date).append("\n").append(s.to_string()).append("\n");
    to_sign.append(sha256_hex(canonical));
    return sign_text(to_sign, key);
}

}  // namespace evergrass::aws

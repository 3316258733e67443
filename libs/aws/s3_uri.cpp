#include "libs/aws/s3_uri.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>

namespace evergrass::aws {
namespace {

constexpr std::string_view domain = ".amazonaws.com";

error wrong_form(std::string_view text) {
    return {errc::invalid_input, "'" + std::string(text) +
                                     "' is not the URI of an object: s3://BUCKET/KEY, or "
                                     "https://s3.REGION.amazonaws.com/BUCKET/KEY"};
}

bool is_bucket_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

// "s3", "s3.eu-west-1", "s3-eu-west-1"
bool is_endpoint(std::string_view host) {
    return host == "s3" || host.starts_with("s3.") || host.starts_with("s3-");
}

result<object_name> split_path(std::string_view path, std::string_view whole) {
    const auto slash = path.find('/');
    if (slash == std::string_view::npos || slash + 1 == path.size() ||
        !is_bucket_name(path.substr(0, slash))) {
        return wrong_form(whole);
    }
    return object_name{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

// Behind "https://", decoded: the host names the bucket or the path does.
result<object_name> of_endpoint(std::string_view rest, std::string_view whole) {
    const auto slash = std::min(rest.find('/'), rest.size());
    auto host = rest.substr(0, slash);
    const auto path = rest.substr(std::min(slash + 1, rest.size()));
    if (!host.ends_with(domain)) {
        return wrong_form(whole);
    }
    host.remove_suffix(domain.size());
    if (is_endpoint(host)) {
        return split_path(path, whole);
    }
    auto found = host.rfind(".s3.");
    if (found == std::string_view::npos) {
        found = host.rfind(".s3-");
    }
    if (found == std::string_view::npos && host.ends_with(".s3")) {
        found = host.size() - 3;
    }
    if (found == std::string_view::npos) {
        return wrong_form(whole);
    }
    return split_path(std::string(host.substr(0, found)).append("/").append(path), whole);
}

}  // namespace

bool is_bucket_name(std::string_view text) {
    return text.size() >= 3 && text.size() <= 63 &&
           std::ranges::all_of(text, is_bucket_character) &&
           text.find("..") == std::string_view::npos && text.front() != '.' &&
           text.front() != '-' && text.back() != '.' && text.back() != '-';
}

result<object_name> parse_s3_uri(std::string_view text) {
    constexpr std::string_view plain = "s3://";
    constexpr std::string_view web = "https://";
    if (text.starts_with(plain)) {
        return split_path(text.substr(plain.size()), text);
    }
    const auto decoded = percent_decode(text);
    if (!decoded || !decoded->starts_with(web) || !is_utf8(*decoded)) {
        return wrong_form(text);
    }
    return of_endpoint(std::string_view(*decoded).substr(web.size()), text);
}

}  // namespace evergrass::aws

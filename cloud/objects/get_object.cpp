#include "cloud/objects/operations.hpp"
#include "libs/base/errors.hpp"
#include "libs/http/response_writer.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace evergrass::cloud::objects {
namespace {

constexpr std::pair<std::string_view, std::string_view> overrides[] = {
    {"response-cache-control", "cache-control"},
    {"response-content-disposition", "content-disposition"},
    {"response-content-encoding", "content-encoding"},
    {"response-content-language", "content-language"},
    {"response-content-type", "content-type"},
    {"response-expires", "expires"},
};

// If-Match and If-None-Match name the ETag with its quotes, or any (*).
bool names(std::string_view header, const std::string& etag) {
    return header == "*" || header.find(etag) != std::string_view::npos;
}

// A date of HTTP in seconds since 1970; nullopt: there is none, or it is something else.
std::optional<std::int64_t> seconds_of(std::optional<std::string_view> date) {
    std::tm parts{};
    const std::string text(date.value_or(""));
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end != nullptr && *end == '\0' ? std::optional<std::int64_t>(::timegm(&parts))
                                          : std::nullopt;
}

std::optional<api_error> failed_condition(const http::fields& asked, const std::string& etag,
                                          std::int64_t modified_at) {
    if (const auto wanted = asked.get("if-match"); wanted && !names(*wanted, etag)) {
        return api_error{412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold: If-Match"};
    }
    const auto unwanted = asked.get("if-none-match");
    if (unwanted && names(*unwanted, etag)) {
        return api_error{304, "NotModified", "The object has this ETag."};
    }
    // Times count only where no ETag is named, and in whole seconds (RFC 9110 §13.1).
    const auto at = modified_at / 1000;
    const auto before = seconds_of(asked.get("if-unmodified-since"));
    if (before && !asked.get("if-match") && at > *before) {
        return api_error{412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold: "
                         "If-Unmodified-Since"};
    }
    const auto since = seconds_of(asked.get("if-modified-since"));
    if (since && !unwanted && at <= *since) {
        return api_error{304, "NotModified", "The object was not modified since."};
    }
    return std::nullopt;
}

std::optional<api_error> wrong_range(const http::fields& asked, std::int64_t size) {
    const auto range = asked.get("range");
    if (range && !http::parse_range(*range, static_cast<std::uint64_t>(size))) {
        return api_error{416, "InvalidRange",
                         "The requested range is not satisfiable: the object has " +
                             std::to_string(size) + " bytes"};
    }
    return std::nullopt;
}

http::fields headers_of(const object& found, const s3_request& what) {
    http::fields headers;
    for (const auto& header : found.headers) {
        if (const auto* value = header.value().if_string()) {
            headers.add(std::string(header.key()), std::string(*value));
        }
    }
    for (const auto& [parameter, name] : overrides) {
        if (auto value = what.parameter(parameter)) {
            headers.set(name, std::move(*value));
        }
    }
    headers.set("etag", "\"" + found.etag + "\"");
    headers.set("last-modified",
                http::http_date(wall_time(std::chrono::milliseconds(found.modified_at))));
    return headers;
}

}  // namespace

answer<http::response> get_object(const s3_call& from) {
    const auto found = from.in.find(from.what.bucket, from.what.key);
    if (!found) {
        return found.error();
    }
    if (auto failed =
            failed_condition(from.asked.headers, "\"" + found->etag + "\"", found->modified_at)) {
        return *failed;
    }
    if (auto wrong = wrong_range(from.asked.headers, found->size)) {
        return *wrong;
    }
    http::response answer;
    const auto size = from.in.serve(found->sha256, answer);
    const auto name = from.what.bucket + "/" + from.what.key;
    if (!size) {
        return internal_error(with_context(size.error(), name));
    }
    if (*size != found->size) {
        return internal_error(
            error{errc::corrupt, "the bytes of " + name + " are not whole: put it again"});
    }
    answer.headers = headers_of(*found, from.what);
    return answer;
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/s3_door.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/objects/operations.hpp"
#include "cloud/objects/s3_xml.hpp"
#include "libs/base/random.hpp"
#include "libs/rt/run_on.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace evergrass::cloud::objects {
namespace {

namespace asio = boost::asio;

// S3's names for what the other services call otherwise.
api_error in_s3s_words(api_error refused) {
    constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"UnrecognizedClientException", "InvalidAccessKeyId"},
        {"InvalidSignatureException", "SignatureDoesNotMatch"},
        {"IncompleteSignatureException", "AuthorizationHeaderMalformed"},
        {"MissingAuthenticationTokenException", "AccessDenied"},
        {"ExpiredTokenException", "ExpiredToken"},
    };
    for (const auto& [ours, theirs] : names) {
        if (refused.code == ours) {
            refused.code = theirs;
        }
    }
    return refused;
}

// Signatures of version 2, which older SDKs put into presigned URLs unless they are told.
bool is_signed_by_version_2(const http::request& asked) {
    return asked.query().find("AWSAccessKeyId=") != std::string_view::npos ||
           asked.headers.get("authorization").value_or("").starts_with("AWS ");
}

}  // namespace

s3_door::s3_door(object_store& objects, asio::any_io_executor blocking, logger log)
    : objects_(objects), blocking_(std::move(blocking)), log_(std::move(log)) {}

bool s3_door::wants(const http::request& asked) {
    constexpr std::string_view in_header = "/s3/aws4_request";
    constexpr std::string_view in_query = "%2Fs3%2Faws4_request";
    return asked.headers.get("authorization").value_or("").find(in_header) !=
               std::string_view::npos ||
           asked.query().find(in_query) != std::string_view::npos ||
           asked.query().find(in_header) != std::string_view::npos || is_signed_by_version_2(asked);
}

cloud::answer<http::response> s3_door::serve(http::request& asked) {
    if (is_signed_by_version_2(asked)) {
        return api_error{400, "InvalidRequest",
                         "Signature Version 2 is not accepted; sign with version 4 (boto3: "
                         "Config(signature_version='s3v4'))."};
    }
    const auto payload = asked.headers.get("x-amz-content-sha256").value_or("");
    if (payload.starts_with("STREAMING-AWS4-")) {
        return api_error{501, "NotImplemented",
                         "Bodies whose pieces are signed one by one (" + std::string(payload) +
                             ") are not taken; send the body in one piece, or over HTTPS."};
    }
    const auto now = objects_.time().now();
    const auto by = asked.headers.get("authorization")
                        ? authenticate(objects_.state(), asked, now)
                        : authenticate_presigned(objects_.state(), asked, now);
    if (!by) {
        return in_s3s_words(by.error());
    }
    const auto read = read_s3_request(asked.method, asked.path(), asked.query());
    if (!read) {
        return read.error();
    }
    const auto name = to_string(read->what);
    const bool may = !by->acting || name.starts_with("Head") || session_may("s3", name);
    if (!may) {
        return api_error{403, "AccessDenied",
                         "User: " + by->acting->to_arn() + " is not authorized to perform: s3:" +
                             std::string(name) + " (credentials of a group's role read)"};
    }
    return run({objects_, *read, asked});
}

http::response s3_door::answer_now(http::request& asked) {
    const auto request_id = uuid_v4();
    cloud::answer<http::response> outcome = http::response();
    try {
        outcome = serve(asked);
    } catch (const std::exception& failed) {
        outcome = internal_error(error{{}, std::string("exception: ") + failed.what()});
    }
    if (!outcome) {
        const auto& refused = outcome.error();
        log_.write(
            refused.status >= 500 && refused.status != 501 ? log_level::warn : log_level::info,
            "A request for an object was refused.",
            {{"requestId", request_id},
             {"request", asked.method + " " + std::string(asked.path())},
             {"from", asked.remote_address},
             {"status", refused.status},
             {"code", refused.code},
             {"message", refused.message},
             {"why", refused.why}});
        outcome = xml_error(refused, asked.path(), request_id);
    }
    outcome->headers.set("x-amz-request-id", request_id);
    return std::move(*outcome);
}

asio::awaitable<http::response> s3_door::answer(http::request asked) {
    auto kept = std::make_shared<http::request>(std::move(asked));
    auto answered =
        co_await rt::run_on<http::response>(blocking_, [this, kept] { return answer_now(*kept); });
    co_return answered;
}

}  // namespace evergrass::cloud::objects

#include "cloud/objects/s3_door.hpp"

#include "cloud/gateway/authenticate.hpp"
#include "cloud/gateway/refusal.hpp"
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
        {"ServiceUnavailableException", "ServiceUnavailable"},
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

s3_door::s3_door(object_store& objects, std::string account, asio::any_io_executor blocking,
                 logger log, request_counts* counts, request_limits* limits)
    : objects_(objects),
      account_(std::move(account)),
      blocking_(std::move(blocking)),
      log_(std::move(log)),
      counts_(counts),
      limits_(limits) {}

void s3_door::serve_also(std::string prefix,
                         std::function<answer_text(std::string_view path)> read) {
    prefix_ = std::move(prefix);
    read_ = std::move(read);
}

cloud::answer<http::response> s3_door::read_other(const caller& by, const http::request& asked) {
    if (auto refused = by.refuse(account_, "s3", "GetObject")) {
        refused->code = "AccessDenied";
        return std::move(*refused);
    }
    auto content = read_(asked.path());
    if (!content) {
        return content.error();
    }
    http::response whole;
    whole.headers.add("content-type", "application/zip");
    whole.body = std::move(*content);
    return whole;
}

bool s3_door::wants(const http::request& asked) {
    constexpr std::string_view in_header = "/s3/aws4_request";
    constexpr std::string_view in_query = "%2Fs3%2Faws4_request";
    return asked.headers.get("authorization").value_or("").find(in_header) !=
               std::string_view::npos ||
           asked.query().find(in_query) != std::string_view::npos ||
           asked.query().find(in_header) != std::string_view::npos || is_signed_by_version_2(asked);
}

cloud::answer<http::response> s3_door::serve(http::request& asked, noted& about) {
    if (is_signed_by_version_2(asked)) {
        return api_error{400, "InvalidRequest",
                         "Signature Version 2 is not accepted; sign with version 4 (boto3: "
                         "Config(signature_version='s3v4'))."};
    }
    if (limits_ != nullptr) {
        if (auto refused =
                limits_->refuse_address(asked.remote_address, "s3", objects_.time().mono_now())) {
            return std::move(*refused);
        }
    }
    const auto now = objects_.time().now();
    const auto by = asked.headers.get("authorization")
                        ? authenticate(objects_.state(), asked, now, &remembered_)
                        : authenticate_presigned(objects_.state(), asked, now);
    if (!by) {
        return in_s3s_words(by.error());
    }
    if (limits_ != nullptr) {
        if (auto refused =
                limits_->refuse_key(by->access_key_id, "s3", objects_.time().mono_now())) {
            return std::move(*refused);
        }
    }
    if (read_ && asked.method == "GET" && asked.path().starts_with(prefix_)) {
        about.operation = "s3:GetObject";
        return read_other(*by, asked);
    }
    if (!elsewhere_.empty()) {
        auto refused = served_elsewhere("s3", elsewhere_);
        refused.code = "MisdirectedRequest";
        return refused;
    }
    const auto read = read_s3_request(asked.method, asked.path(), asked.query());
    if (!read) {
        return read.error();
    }
    about.operation = "s3:" + std::string(to_string(read->what));
    return serve_audited(*by, *read, asked, about);
}

cloud::answer<http::response> s3_door::serve_audited(const caller& by, const s3_request& read,
                                                     http::request& asked, const noted& about) {
    const auto name = to_string(read.what);
    const auto perform = [&]() -> cloud::answer<http::response> {
        if (auto refused = by.refuse(account_, "s3", name)) {
            refused->code = "AccessDenied";
            return std::move(*refused);
        }
        return run({objects_, read, asked});
    };
    if (needed_role("s3", name) == access_role::read_only) {
        return perform();
    }
    auto& trail = objects_.state().audit();
    audit_trail::change change(
        trail, {objects_.time().now(), by.acting ? by.acting->to_arn() : by.access_key_id,
                asked.remote_address, about.request_id, about.operation,
                (read.key.empty() ? read.bucket : read.bucket + "/" + read.key).substr(0, 256)});
    auto outcome = perform();
    const auto ended = outcome ? change.end(outcome->status, "")
                               : change.end(outcome.error().status, outcome.error().code);
    if (!ended) {
        log_.error("An entry of the audit could not be written.",
                   {{"requestId", about.request_id}, {"error", ended.error()}});
    }
    return outcome;
}

http::response s3_door::answer_now(http::request& asked) {
    noted about;
    about.request_id = uuid_v4();
    const auto began = objects_.time().mono_now();
    cloud::answer<http::response> outcome = http::response();
    try {
        outcome = serve(asked, about);
    } catch (const std::exception& failed) {
        outcome = internal_error(error{{}, std::string("exception: ") + failed.what()});
    }
    if (!outcome) {
        outcome = in_s3s_words(outcome.error());
        const auto& refused = outcome.error();
        log_.write(
            refused.status >= 500 && refused.status != 501 ? log_level::warn : log_level::info,
            "A request for an object was refused.",
            {{"requestId", about.request_id},
             {"operation", about.operation},
             {"request", asked.method + " " + std::string(asked.path())},
             {"from", asked.remote_address},
             {"status", refused.status},
             {"code", refused.code},
             {"message", refused.message},
             {"why", refused.why}});
        outcome = xml_error(refused, asked.path(), about.request_id);
    }
    outcome->headers.set("x-amz-request-id", about.request_id);
    outcome->headers.set("x-amzn-requestid", about.request_id);
    if (counts_ != nullptr) {
        counts_->count(about.operation, outcome->status,
                       std::chrono::duration_cast<std::chrono::microseconds>(
                           objects_.time().mono_now() - began));
    }
    return std::move(*outcome);
}

asio::awaitable<http::response> s3_door::answer(http::request asked) {
    auto kept = std::make_shared<http::request>(std::move(asked));
    std::function<http::response()> work = [this, kept] { return answer_now(*kept); };
    auto answered = co_await rt::run_on<http::response>(blocking_, std::move(work));
    co_return answered;
}

}  // namespace evergrass::cloud::objects

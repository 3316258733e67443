#include "apps/evergrass/object_client.hpp"

#include "libs/aws/sigv4.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <utility>

namespace evergrass::cli {

namespace asio = boost::asio;

namespace {

// The AWS CLI's threshold and size of parts.
constexpr std::size_t part_bytes = 8UL * 1024 * 1024;

std::string md5(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_md5(), nullptr);
    return {reinterpret_cast<const char*>(out.data()), size};
}

// "/BUCKET/KEY" as on the wire; a key's slashes stay.
std::string path_of(const object_name& of) {
    return "/" + percent_encode(of.bucket) + "/" + percent_encode(of.key, true);
}

// The content of the first such element.
std::string element(std::string_view xml, std::string_view name) {
    const auto open = "<" + std::string(name) + ">";
    const auto begin = xml.find(open);
    if (begin == xml.npos) {
        return {};
    }
    const auto from = begin + open.size();
    return std::string(xml.substr(from, xml.find("</" + std::string(name) + ">", from) - from));
}

error refusal(const std::string& operation, const http::response& answer) {
    const auto code = element(answer.body, "Code");
    const auto message = element(answer.body, "Message");
    return {answer.status == 404   ? errc::not_found
            : answer.status == 403 ? errc::denied
            : answer.status >= 500 ? errc::unavailable
                                   : errc::invalid_input,
            operation + " answered " + std::to_string(answer.status) +
                (code.empty() ? "" : " " + code) + (message.empty() ? "" : " (" + message + ")")};
}

api_call s3_call(std::string operation, std::string method, std::string target,
                 std::string bytes = {}) {
    api_call c{std::move(operation), "s3", std::move(method), std::move(target)};
    c.bytes = std::move(bytes);
    return c;
}

std::string unquoted(std::string_view etag) {
    return std::string(etag.size() >= 2 && etag.front() == '"' ? etag.substr(1, etag.size() - 2)
                                                               : etag);
}

}  // namespace

bool is_etag_of(std::string_view etag, std::string_view bytes) {
    if (etag.find('-') == etag.npos) {
        return etag == hex_encode(md5(bytes));
    }
    std::string parts;
    std::size_t count = 0;
    for (std::size_t at = 0; at < bytes.size(); at += part_bytes, ++count) {
        parts += md5(bytes.substr(at, part_bytes));
    }
    return etag == hex_encode(md5(parts)) + "-" + std::to_string(count);
}

asio::awaitable<result<http::response>> object_client::call(api_call c) {
    const auto operation = c.operation;
    auto answer = co_await send_(std::move(c));
    if (answer && answer->status >= 300) {
        co_return refusal(operation, *answer);
    }
    co_return answer;
}

asio::awaitable<result<std::optional<std::string>>> object_client::etag(object_name of) {
    auto head = s3_call("HeadObject of s3://" + of.bucket + "/" + of.key, "HEAD", path_of(of));
    auto answer = co_await call(std::move(head));
    if (!answer && answer.error().code == errc::not_found) {
        co_return std::optional<std::string>();
    }
    if (!answer) {
        co_return answer.error();
    }
    co_return std::optional(unquoted(answer->headers.get("etag").value_or("")));
}

asio::awaitable<result<void>> object_client::make_bucket(std::string name) {
    // AWS wants to be told of every region but its first.
    const auto& region = options_.region;
    auto body = region == "us-east-1"
                    ? std::string()
                    : "<CreateBucketConfiguration "
                      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>" +
                          region + "</LocationConstraint></CreateBucketConfiguration>";
    auto create =
        s3_call("CreateBucket " + name, "PUT", "/" + percent_encode(name), std::move(body));
    auto made = co_await call(std::move(create));
    co_return made ? result<void>() : result<void>(made.error());
}

asio::awaitable<result<void>> object_client::put(object_name to, std::string bytes) {
    const auto bucket = to.bucket;
    auto look = s3_call("HeadBucket " + bucket, "HEAD", "/" + percent_encode(bucket));
    auto there = co_await call(std::move(look));
    if (!there && there.error().code == errc::not_found) {
        auto made = co_await make_bucket(bucket);
        if (!made) {
            co_return made;
        }
    } else if (!there) {
        co_return there.error();
    }
    if (bytes.size() > part_bytes) {
        auto done = co_await put_parts(std::move(to), std::move(bytes));
        co_return done;
    }
    auto whole = s3_call("PutObject", "PUT", path_of(to), std::move(bytes));
    auto answer = co_await call(std::move(whole));
    co_return answer ? result<void>() : result<void>(answer.error());
}

asio::awaitable<result<void>> object_client::put_parts(object_name to, std::string bytes) {
    const auto path = path_of(to);
    auto create = s3_call("CreateMultipartUpload", "POST", path + "?uploads");
    auto begun = co_await call(std::move(create));
    if (!begun) {
        co_return begun.error();
    }
    const auto upload = element(begun->body, "UploadId");
    if (upload.empty()) {
        co_return error{errc::invalid_input, "CreateMultipartUpload answered without UploadId"};
    }
    const auto target = path + "?uploadId=" + percent_encode(upload);
    std::string list = "<CompleteMultipartUpload>";
    result<void> failed;
    int number = 0;
    for (std::size_t at = 0; at < bytes.size() && failed; at += part_bytes) {
        ++number;
        auto part = s3_call(
            "UploadPart", "PUT",
            path + "?partNumber=" + std::to_string(number) + "&uploadId=" + percent_encode(upload),
            bytes.substr(at, part_bytes));
        auto sent = co_await call(std::move(part));
        if (!sent) {
            failed = sent.error();
            break;
        }
        list += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>\"" +
                unquoted(sent->headers.get("etag").value_or("")) + "\"</ETag></Part>";
    }
    if (failed) {
        auto complete =
            s3_call("CompleteMultipartUpload", "POST", target, list + "</CompleteMultipartUpload>");
        auto done = co_await call(std::move(complete));
        // S3 may say that it failed behind a 200 that it sent to keep the connection.
        if (done && done->body.find("<Error>") == std::string::npos) {
            co_return result<void>();
        }
        failed = done ? refusal("CompleteMultipartUpload", *done) : done.error();
    }
    auto abort = s3_call("AbortMultipartUpload", "DELETE", target);
    (void)co_await call(std::move(abort));  // the parts go; else the service's week does it
    co_return failed;
}

std::string object_client::location(const object_name& of) const {
    aws::presigning wanted;
    wanted.host = options_.url.substr(options_.url.find("//") + 2);
    wanted.host = wanted.host.substr(0, wanted.host.find('/'));
    wanted.path = path_of(of);
    wanted.region = options_.region;
    wanted.service = "s3";
    wanted.session_token = options_.session_token;
    return options_.url.substr(0, options_.url.find("//") + 2) + wanted.host +
           aws::presign_get(wanted, options_.credentials, std::chrono::system_clock::now());
}

}  // namespace evergrass::cli

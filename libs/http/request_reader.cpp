#include "libs/http/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace evergrass::http {

namespace beast = boost::beast;
using boost::system::error_code;

namespace {

// "0", CRLF, CRLF. Beast 1.81 asserts it when it looks at a last chunk for the second time.
constexpr std::size_t shortest_last_chunk = 5;

}  // namespace

struct request_reader::parser {
    beast::http::request_parser<beast::http::string_body> beast;
};

request_reader::request_reader(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes) {}

request_reader::~request_reader() = default;

bool request_reader::started() const {
    return !buffer_.empty() || parser_ != nullptr;
}

request_reader::progress request_reader::refuse(int status, std::string reason) {
    refusal_ = {status, std::move(reason)};
    return progress::refused;
}

request_reader::progress request_reader::advance() {
    if (!parser_) {
        if (buffer_.empty()) {
            return progress::more_needed;
        }
        parser_ = std::make_unique<parser>();
        parser_->beast.header_limit(static_cast<std::uint32_t>(max_header_bytes_));
        parser_->beast.body_limit(max_body_bytes_);
        headers_seen_ = false;
    }
    auto& beast = parser_->beast;
    beast.eager(headers_seen_);
    while (!beast.is_done()) {
        if (!headers_seen_ && beast.is_header_done()) {
            return check_headers();
        }
        const bool last_chunk_cut = headers_seen_ && beast.chunked() && buffer_.starts_with('0') &&
                                    buffer_.size() < shortest_last_chunk;
        if (buffer_.empty() || last_chunk_cut) {
            return progress::more_needed;
        }
        error_code failed;
        const auto used = beast.put(boost::asio::buffer(buffer_), failed);
        buffer_.erase(0, used);
        if (failed == beast::http::error::need_more) {
            return progress::more_needed;
        }
        if (failed == beast::http::error::header_limit) {
            return refuse(431, "the request line and header are larger than " +
                                   std::to_string(max_header_bytes_) + " bytes");
        }
        if (failed == beast::http::error::body_limit) {
            return refuse(413,
                          "the body is larger than " + std::to_string(max_body_bytes_) + " bytes");
        }
        if (failed) {
            return refuse(400, "malformed HTTP request: " + failed.message());
        }
    }
    if (!headers_seen_) {
        return check_headers();
    }
    request_.body = std::move(beast.get().body());
    return progress::complete;
}

request_reader::progress request_reader::check_headers() {
    headers_seen_ = true;
    const auto& head = parser_->beast.get();
    if (head.version() != 10 && head.version() != 11) {
        return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    if (head.version() == 11 && head.count(beast::http::field::host) != 1) {
        return refuse(400, "an HTTP/1.1 request needs exactly one Host header");
    }
    // Two ways to say where the body ends are how requests are smuggled past a proxy.
    if (head.count(beast::http::field::transfer_encoding) != 0 &&
        head.count(beast::http::field::content_length) != 0) {
        return refuse(400, "both Content-Length and Transfer-Encoding");
    }
    request_ = {};
    request_.method = std::string(head.method_string());
    request_.target = std::string(head.target());
    for (const auto& field : head) {
        request_.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    keep_alive_ = head.keep_alive();
    http_1_0_ = head.version() == 10;
    return progress::headers_complete;
}

bool request_reader::expects_continue() const {
    const auto expect = request_.headers.get("expect");
    return !http_1_0_ && expect && beast::iequals({expect->data(), expect->size()}, "100-continue");
}

request request_reader::take() {
    parser_.reset();
    return std::move(request_);
}

}  // namespace evergrass::http

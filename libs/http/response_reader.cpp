#include "libs/http/response_reader.hpp"

#include "libs/base/errors.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <array>
#include <limits>

namespace evergrass::http {

namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::uint32_t max_header_bytes = 64 * 1024;
// "0", CRLF, CRLF. Beast 1.81 asserts it when it looks at a last chunk for the second time.
constexpr std::size_t shortest_last_chunk = 5;

bool is_interim(int status) {
    return status >= 100 && status < 200;
}

}  // namespace

struct response_reader::parser {
    beast::http::response_parser<beast::http::buffer_body> beast;
};

response_reader::response_reader(bool answers_head) : answers_head_(answers_head) {}

response_reader::~response_reader() = default;

result<bool> response_reader::advance(std::string& body) {
    std::array<char, 16 * 1024> piece;
    for (;;) {
        if (!parser_) {
            parser_ = std::make_unique<parser>();
            parser_->beast.header_limit(max_header_bytes);
            parser_->beast.body_limit(std::numeric_limits<std::uint64_t>::max());
            parser_->beast.skip(answers_head_);
        }
        auto& beast = parser_->beast;
        if (beast.is_header_done() && !head_seen_) {
            take_head();
        }
        if (beast.is_done()) {
            if (!is_interim(head_.status)) {
                return true;
            }
            parser_.reset();  // 100 Continue and its like: the real answer follows
            head_seen_ = false;
            continue;
        }
        const bool last_chunk_cut = head_seen_ && beast.chunked() && buffer_.starts_with('0') &&
                                    buffer_.size() < shortest_last_chunk;
        if (buffer_.empty() || last_chunk_cut) {
            return false;
        }
        beast.eager(head_seen_);
        auto& into = beast.get().body();
        into.data = piece.data();
        into.size = piece.size();
        into.more = true;
        error_code failed;
        const auto used = beast.put(boost::asio::buffer(buffer_), failed);
        buffer_.erase(0, used);
        body.append(piece.data(), piece.size() - into.size);
        if (failed == beast::http::error::need_more) {
            return false;
        }
        if (failed && failed != beast::http::error::need_buffer) {
            return error{errc::invalid_input, "malformed HTTP response: " + failed.message()};
        }
    }
}

void response_reader::take_head() {
    const auto& message = parser_->beast.get();
    head_seen_ = true;
    head_ = {};
    head_.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
        head_.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    keep_alive_ = message.keep_alive() && (answers_head_ || !message.need_eof());
}

bool response_reader::end_of_stream() {
    if (!parser_ || !head_seen_) {
        return false;
    }
    keep_alive_ = false;
    error_code failed;
    parser_->beast.put_eof(failed);
    return !failed;
}

}  // namespace evergrass::http

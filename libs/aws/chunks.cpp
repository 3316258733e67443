#include "libs/aws/chunks.hpp"

#include "libs/aws/canonical.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace evergrass::aws {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view signed_chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view signed_chunks_and_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
constexpr std::string_view signature_extension = "chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature";

error incomplete() {
    return {errc::invalid_input, "The body is not in whole aws-chunked pieces."};
}

// Takes a line off `rest`; nullopt: there is no end of one.
std::optional<std::string_view> next_line(std::string_view& rest) {
    const auto end = rest.find(line_end);
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + line_end.size());
    return line;
}

std::string_view signature_in(std::string_view line) {
    const auto at = line.find(signature_extension);
    return at == std::string_view::npos ? std::string_view()
                                        : line.substr(at + signature_extension.size(), 64);
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

error mismatch() {
    return {errc::denied,
            "The chunk signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method."};
}

}  // namespace

std::string chunked_body::join() const {
    std::string content;
    for (const auto& each : chunks) {
        content.append(each.bytes);
    }
    return content;
}

// size in hex [;extension] CRLF bytes CRLF …, 0 CRLF, "name:value" lines
result<chunked_body> split_chunks(std::string_view rest) {
    chunked_body read;
    for (;;) {
        const auto line = next_line(rest);
        if (!line) {
            return incomplete();
        }
        const auto number = line->substr(0, line->find(';'));
        std::size_t size = 0;
        const auto [stop, wrong] =
            std::from_chars(number.data(), number.data() + number.size(), size, 16);
        if (wrong != std::errc() || stop != number.data() + number.size()) {
            return incomplete();
        }
        if (size != 0 && (rest.size() < line_end.size() || size > rest.size() - line_end.size() ||
                          rest.substr(size, line_end.size()) != line_end)) {
            return incomplete();
        }
        read.chunks.push_back({rest.substr(0, size), signature_in(*line)});
        if (size == 0) {
            break;
        }
        rest.remove_prefix(size + line_end.size());
    }
    while (const auto line = next_line(rest)) {
        const auto colon = line->find(':');
        if (colon != std::string_view::npos) {
            read.trailers.emplace_back(line->substr(0, colon), trimmed(line->substr(colon + 1)));
        }
    }
    return read;
}

bool are_signed_chunks(std::string_view stated) {
    return stated == signed_chunks || stated == signed_chunks_and_trailer;
}

result<void> verify_chunks(const chunked_body& body, std::string_view stated,
                           const authorization& claimed, std::string_view amz_date,
                           std::string_view key) {
    const scope of{claimed.date, claimed.region, claimed.service};
    const auto head = std::string(amz_date) + "\n" + of.to_string() + "\n";
    const auto empty = sha256_hex("");
    auto previous = claimed.signature;
    for (const auto& each : body.chunks) {
        auto expected = sign_text("AWS4-HMAC-SHA256-PAYLOAD\n" + head + previous + "\n" + empty +
                                      "\n" + sha256_hex(each.bytes),
                                  key);
        if (!equal_in_constant_time(expected, each.signature)) {
            return mismatch();
        }
        previous = std::move(expected);
    }
    if (stated != signed_chunks_and_trailer) {
        return {};
    }
    std::string trailers;
    std::string_view signature;
    for (const auto& [name, value] : body.trailers) {
        if (lower(name) == trailer_signature) {
            signature = value;
        } else {
            trailers += lower(name) + ":" + value + "\n";
        }
    }
    const auto expected = sign_text(
        "AWS4-HMAC-SHA256-TRAILER\n" + head + previous + "\n" + sha256_hex(trailers), key);
    return equal_in_constant_time(expected, signature) ? result<void>() : mismatch();
}

}  // namespace evergrass::aws

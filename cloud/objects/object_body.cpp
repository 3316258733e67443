#include "cloud/objects/object_body.hpp"

#include "libs/base/encoding.hpp"

#include <boost/crc.hpp>
#include <openssl/evp.h>

#include <charconv>
#include <stdexcept>

namespace evergrass::cloud::objects {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string digest(std::string_view bytes, const EVP_MD* kind) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
                   kind, nullptr) != 1) {
        throw std::runtime_error("OpenSSL lacks a digest");
    }
    out.resize(size);
    return out;
}

std::string big_endian(std::uint64_t number, std::size_t bytes) {
    std::string out(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        out[bytes - 1 - i] = static_cast<char>(number >> (8 * i));
    }
    return out;
}

template <std::size_t Bits, std::uintmax_t Polynomial>
std::string crc(std::string_view bytes) {
    constexpr auto ones = static_cast<typename boost::uint_t<Bits>::fast>(~std::uint64_t{0});
    boost::crc_optimal<Bits, Polynomial, ones, ones, true, true> sum;
    sum.process_bytes(bytes.data(), bytes.size());
    return big_endian(sum.checksum(), Bits / 8);
}

struct checksum {
    std::string_view header;
    std::string (*of)(std::string_view bytes);
};

// Each is base64 of the bytes, numbers in network order.
constexpr checksum checksums[] = {
    {"content-md5", [](std::string_view b) { return digest(b, EVP_md5()); }},
    {"x-amz-checksum-sha1", [](std::string_view b) { return digest(b, EVP_sha1()); }},
    {"x-amz-checksum-sha256", [](std::string_view b) { return digest(b, EVP_sha256()); }},
    {"x-amz-checksum-crc32", crc<32, 0x04C11DB7>},
    {"x-amz-checksum-crc32c", crc<32, 0x1EDC6F41>},
    {"x-amz-checksum-crc64nvme", crc<64, 0xAD93D23594C93659>},
};

std::optional<api_error> check_sums(const http::fields& said, std::string_view content) {
    for (const auto& [header, of] : checksums) {
        const auto claimed = said.get(header);
        if (!claimed) {
            continue;
        }
        const auto wanted = base64_decode(*claimed);
        const auto is = of(content);
        if (!wanted || wanted->size() != is.size()) {
            return api_error{400, "InvalidDigest",
                             "The " + std::string(header) + " you specified is not valid."};
        }
        if (*wanted != is) {
            return api_error{
                400, "BadDigest",
                "The " + std::string(header) + " you specified did not match what we received."};
        }
    }
    return std::nullopt;
}

api_error incomplete() {
    return {400, "IncompleteBody", "The body is not in whole aws-chunked pieces."};
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

// size in hex [;extension] CRLF bytes CRLF …, 0 CRLF, "name:value" lines
answer<std::string> join_chunks(std::string_view rest, http::fields& trailers) {
    std::string content;
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
        if (size == 0) {
            break;
        }
        if (rest.size() < line_end.size() || size > rest.size() - line_end.size() ||
            rest.substr(size, line_end.size()) != line_end) {
            return incomplete();
        }
        content.append(rest.substr(0, size));
        rest.remove_prefix(size + line_end.size());
    }
    while (const auto line = next_line(rest)) {
        const auto colon = line->find(':');
        if (colon != std::string_view::npos) {
            trailers.add(std::string(line->substr(0, colon)), std::string(line->substr(colon + 1)));
        }
    }
    return content;
}

}  // namespace

std::string md5_hex(std::string_view bytes) {
    return hex_encode(digest(bytes, EVP_md5()));
}

answer<std::string> read_object_body(http::request& asked) {
    const auto stated = asked.headers.get("x-amz-content-sha256").value_or("");
    std::string content;
    if (stated == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
        http::fields trailers;
        auto joined = join_chunks(asked.body, trailers);
        if (!joined) {
            return joined;
        }
        if (auto refused = check_sums(trailers, *joined)) {
            return *refused;
        }
        content = std::move(*joined);
        asked.body.clear();
    } else {
        content = std::move(asked.body);
    }
    if (auto refused = check_sums(asked.headers, content)) {
        return *refused;
    }
    return content;
}

}  // namespace evergrass::cloud::objects

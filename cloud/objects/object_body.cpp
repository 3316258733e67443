#include "cloud/objects/object_body.hpp"

#include "libs/aws/chunks.hpp"
#include "libs/base/encoding.hpp"

#include <boost/crc.hpp>
#include <openssl/evp.h>

#include <stdexcept>

namespace evergrass::cloud::objects {
namespace {

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

}  // namespace

std::string md5_hex(std::string_view bytes) {
    return hex_encode(digest(bytes, EVP_md5()));
}

answer<std::string> read_object_body(http::request& asked) {
    const auto stated = asked.headers.get("x-amz-content-sha256").value_or("");
    std::string content;
    if (stated == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
        auto body = aws::split_chunks(asked.body);
        if (!body) {
            return api_error{400, "IncompleteBody", body.error().context};
        }
        for (auto& [name, value] : body->trailers) {
            asked.headers.add(std::move(name), std::move(value));
        }
        content = body->join();
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

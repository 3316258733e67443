#include "libs/base/digest.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

namespace evergrass {
namespace {

// Fetched once: OpenSSL 3 looks an algorithm up anew wherever it is named.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
    return fetched;
}

struct free_digest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string sha256(std::string_view bytes) {
    std::string digest(32, '\0');
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                   &size, sha256_algorithm(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL has no SHA-256");
    }
    return digest;
}

std::string sha256_hex(std::string_view bytes) {
    return hex_encode(sha256(bytes));
}

// By hand, RFC 2104: OpenSSL 3's HMAC() looks two algorithms up by their names in each call, and
// takes three times as long for a signature.
std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    constexpr std::size_t block = 64;
    const auto shortened = key.size() > block ? sha256(key) : std::string();
    if (!shortened.empty()) {
        key = shortened;
    }
    std::string inner;
    std::string outer;
    // Before there is anything of the key in them: what is moved elsewhere is not wiped.
    inner.reserve(block + bytes.size());
    outer.reserve(2 * block);
    inner.assign(block, '\x36');
    outer.assign(block, '\x5c');
    for (std::size_t i = 0; i < key.size(); ++i) {
        inner[i] = static_cast<char>(inner[i] ^ key[i]);
        outer[i] = static_cast<char>(outer[i] ^ key[i]);
    }
    inner.append(bytes);
    outer.append(sha256(inner));
    auto code = sha256(outer);
    // They are as good as the key.
    OPENSSL_cleanse(inner.data(), block);
    OPENSSL_cleanse(outer.data(), block);
    return code;
}

result<std::string> sha256_hex_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return errno_error("cannot open " + path);
    }
    const std::unique_ptr<EVP_MD_CTX, free_digest> context(EVP_MD_CTX_new());
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    std::vector<char> piece(64 * 1024);
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
           file.gcount() > 0) {
        EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad()) {
        return errno_error("cannot read " + path);
    }
    std::string digest(32, '\0');
    EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return hex_encode(digest);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace evergrass

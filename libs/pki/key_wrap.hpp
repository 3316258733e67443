#pragma once

#include "libs/base/result.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/pki/private_key.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass::pki {

enum class key_wrapping {
    pkcs1,  // RSAES-PKCS1-v1_5, which every token has
    oaep,   // RSAES-OAEP with SHA-256
};

// A short key, such as one of AES, for who has this RSA key. errc::unsupported: it is not
// RSA, or has less than 2048 bits.
result<std::string> wrap_key(const private_key& key, key_wrapping how, std::string_view short_key);

// The key of `bytes` that was wrapped so. Where it does not come out, for whatever reason, random
// bytes are given: whoever sends wrapped keys of his own learns nothing of the padding, only that
// what the key opens does not open. Errors are of the private key alone.
result<secret_text> unwrap_key(const private_key& key, key_wrapping how, std::string_view wrapped,
                               std::size_t bytes);

}  // namespace evergrass::pki

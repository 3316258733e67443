#pragma once

#include "libs/pki/private_key.hpp"

namespace evergrass::pki {

enum class wrapping { pkcs1, oaep };

// A text that only the holder of an RSA key reads again, and for the same purpose: AES-256-GCM with
// a new data key each time, which the key wraps: docs/formats/secrets.md. PKCS#1 v1.5 is what V1
// and tokens have (spec/core.md §16); OAEP (SHA-1) is by OpenSSL's own padding.
// errc::unsupported: the key is no RSA key.
result<std::string> seal_text(const private_key& key, wrapping how, std::string_view purpose,
                              std::string_view text);

// errc::corrupt, with one text for whatever is wrong: a data key that does not unwrap is taken for
// a random one, so that only the tag of the text can fail and the padding tells nothing.
result<std::string> open_sealed_text(const private_key& key, std::string_view purpose,
                                     std::string_view sealed);

}  // namespace evergrass::pki

#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::pki {

// A text for one reader: CMS AuthEnvelopedData (RFC 5083) in DER, AES-256-GCM, its key wrapped for
// the certificate's key, RSA (OAEP) or EC. Says nothing of who wrote it: what must not be forged
// is signed as well.
result<std::string> seal_for(std::string_view certificate_pem, std::string_view text);

// The same for whoever has the private half of this key, a SubjectPublicKeyInfo in PEM, without a
// certificate. errc::unsupported: neither RSA of 2048 bits or more nor of P-256 or P-384.
result<std::string> seal_for_key(std::string_view public_key_pem, std::string_view text);

// The text. errc::denied when it is for another key, or was changed; errc::unsupported when it is
// CMS of another kind than seal_for() makes, such as EnvelopedData, which nothing authenticates;
// errc::invalid_input when it is none.
result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  std::string_view private_key_pem);

}  // namespace evergrass::pki

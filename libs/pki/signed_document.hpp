#pragma once

#include "libs/base/result.hpp"
#include "libs/pki/private_key.hpp"

#include <string>
#include <string_view>

namespace evergrass::pki {

// CMS SignedData (RFC 5652) in PEM that has the content, the signer's certificate, the rest of its
// chain and the time: whoever trusts the chain's root can check it, for one with
// `openssl cms -verify`. SHA-256. `chain_pem`: the signer first.
result<std::string> sign_document(std::string_view content, std::string_view chain_pem,
                                  const private_key& key);

}  // namespace evergrass::pki

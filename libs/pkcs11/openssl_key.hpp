#pragma once

#include "libs/pkcs11/attached_token.hpp"

namespace evergrass::pkcs11 {

// A key of OpenSSL's whose private operations are the token's. What they answer when the token
// fails is a failed signature: attached_token tells why.
result<std::shared_ptr<evp_pkey_st>> as_openssl_key(std::shared_ptr<attached_token> in,
                                                    const uri& object, const public_half& half);

}  // namespace evergrass::pkcs11

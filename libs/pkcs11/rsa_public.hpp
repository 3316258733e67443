#pragma once

#include "libs/base/result.hpp"

#include <string>
#include <string_view>

namespace evergrass::pkcs11 {

// RSA-OAEP with SHA-1 by the public key of these numbers, most significant byte first.
// errc::unsupported: it has less than 2048 bits.
result<std::string> encrypt_for(std::string_view modulus, std::string_view exponent,
                                std::string_view plain);

}  // namespace evergrass::pkcs11

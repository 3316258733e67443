#pragma once

#include "libs/base/result.hpp"
#include "libs/pkcs11/uri.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace evergrass::pkcs11 {

enum class key_kind { rsa, ec, aes };

// A private or secret key in a token, which never leaves it. Of the token that found it.
struct key {
    unsigned long handle = 0;
    key_kind kind = key_kind::rsa;
};

enum class signing {
    rsa_pkcs1,         // the bytes are a DigestInfo, as TLS makes it
    rsa_pkcs1_sha256,  // the bytes are the message
    rsa_raw,           // the bytes are a padded block, as long as the modulus
    ecdsa,  // the bytes are a digest; the signature is r and s, each as long as the curve
};

enum class padding {
    oaep_sha1,
    pkcs1,
    none,  // the outcome is a padded block, as long as the modulus
};

// What a token tells of a key's public half; of an elliptic curve what OpenSSL reads: DER.
struct public_half {
    key_kind kind = key_kind::rsa;
    std::string modulus;     // most significant byte first
    std::string exponent;    // likewise
    std::string parameters;  // ECParameters
    std::string point;       // as in a SubjectPublicKeyInfo: uncompressed, begins with 4
};

// One token of a module (a shared library), logged in by one session, which all keys share and
// which it holds as long as it lives. Any thread, one operation at a time. While it lives, no other
// token of the same module is opened: modules keep one log-in a process.
//
// Errors: errc::not_found: no such module, token or key; denied: the PIN, or what the key may be
// used for; unavailable: the token was taken out, or fails; corrupt: what was to be opened was made
// with another key; fault::no_session: open() alone. Their text names module and token, and never
// the PIN.
class token {
public:
    // The module is named.module_path, or p11-kit's, which knows those of the system. Exactly one
    // token must be as `named` says. The PIN is tried once: tokens count wrong ones and lock.
    static result<std::unique_ptr<token>> open(const uri& named, std::string_view pin);
    ~token();
    token(const token&) = delete;
    token& operator=(const token&) = delete;

    const std::string& label() const;

    // By label and id of `named`; its type, where it is said, is private or secret-key. Exactly one
    // key must be as it says.
    result<key> find_key(const uri& named);

    result<std::string> sign(const key& with, signing how, std::string_view bytes);
    // By RSA. OAEP with SHA-1 is what every token has.
    result<std::string> decrypt(const key& with, std::string_view bytes,
                                padding how = padding::oaep_sha1);
    // ECDH: the x coordinate that this key and the other side's point agree on. It leaves the
    // token.
    result<std::string> agree(const key& with, std::string_view point, std::size_t bytes);
    // What `named` found by find_key(). The point of an elliptic curve is in the public key of the
    // same label and id, which must be there too.
    result<public_half> public_half_of(const key& of, const uri& named);
    bool can(signing how) const;  // has the mechanism

    // Wraps up to 128 bytes so that they come out only with this key and for the same purpose: with
    // an AES key by GCM inside the token, with an RSA key of 2048 bits or more by its public half.
    result<std::string> wrap(const key& with, std::string_view plain, std::string_view purpose);
    result<std::string> unwrap(const key& with, std::string_view wrapped, std::string_view purpose);

private:
    struct implementation;
    explicit token(std::unique_ptr<implementation> implementation);
    std::unique_ptr<implementation> implementation_;
};

}  // namespace evergrass::pkcs11

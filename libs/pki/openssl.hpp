#pragma once

#include "libs/base/result.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Owners of OpenSSL's objects and the few steps that the files of this folder share.
namespace evergrass::pki::detail {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using req_ptr = std::unique_ptr<X509_REQ, freed_by<X509_REQ_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<GENERAL_NAMES_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

// errc::invalid_input with OpenSSL's own reason, whose queue it empties.
error openssl_error(std::string context);

// A view of the text; valid as long as the text.
bio_ptr read_only(std::string_view text);
std::string text_of(BIO* bio);

// generate_rsa_key(); nullopt when `stops` became true meanwhile, which is looked at each few
// milliseconds.
std::optional<std::string> generate_rsa_key(const std::atomic<bool>& stops, int bits = 2048);
result<key_ptr> parse_private_key(std::string_view pem);
result<key_ptr> parse_public_key(std::string_view pem);
result<x509_ptr> parse_certificate(std::string_view pem);
std::string public_key_pem(EVP_PKEY* key);

// subjectAltName: an IPv4 or IPv6 address becomes iPAddress, anything else dNSName. Null when
// `names` is empty; errc::invalid_input for a name that cannot be written (empty or not ASCII).
result<names_ptr> to_alternative_names(const std::vector<std::string>& names);
std::vector<std::string> from_alternative_names(const GENERAL_NAMES* names);

std::string common_name_of(const X509_NAME* name);
result<void> set_name(X509_NAME* name, std::string_view common_name, std::string_view organization);

// SHA-256 for RSA and EC; none for Ed25519, which hashes by itself.
const EVP_MD* digest_for(EVP_PKEY* key);

}  // namespace evergrass::pki::detail

#include "libs/pki/envelope.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/private_key.hpp"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace evergrass::pki {
namespace {

using namespace detail;

using cms_ptr = std::unique_ptr<CMS_ContentInfo, freed_by<CMS_ContentInfo_free>>;

constexpr unsigned flags = CMS_BINARY | CMS_PARTIAL;

bool use_oaep(CMS_RecipientInfo* recipient) {
    auto* context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    return context != nullptr && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1;
}

// CMS names a reader by certificate. This one, which nobody signed, is the same for the same key at
// both ends.
result<x509_ptr> named_by_key(EVP_PKEY* key) {
    x509_ptr made(X509_new());
    if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) != 1 ||
        X509_set_pubkey(made.get(), key) != 1) {
        return openssl_error("the key cannot have a text sealed for it");
    }
    return made;
}

result<std::string> seal(X509* reader, std::string_view text) {
    const auto content = read_only(text);
    const cms_ptr cms(CMS_encrypt(nullptr, content.get(), EVP_aes_256_gcm(), flags));
    if (!cms) {
        return openssl_error("cannot begin an envelope");
    }
    auto* recipient = CMS_add1_recipient_cert(cms.get(), reader, flags | CMS_KEY_PARAM);
    if (recipient == nullptr) {
        return openssl_error("the certificate's key cannot have a text sealed for it");
    }
    if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS && !use_oaep(recipient)) {
        return openssl_error("the certificate's key cannot do OAEP");
    }
    const bio_ptr out(BIO_new(BIO_s_mem()));
    if (CMS_final(cms.get(), content.get(), nullptr, flags) != 1 ||
        i2d_CMS_bio(out.get(), cms.get()) != 1) {
        return openssl_error("cannot seal the text");
    }
    return text_of(out.get());
}

result<std::string> open(std::string_view envelope, X509* reader, EVP_PKEY* key) {
    const auto content = read_only(envelope);
    const cms_ptr cms(d2i_CMS_bio(content.get(), nullptr));
    if (!cms) {
        ERR_clear_error();
        return error{errc::invalid_input, "it is no CMS envelope"};
    }
    const bio_ptr out(BIO_new(BIO_s_mem()));
    if (CMS_decrypt(cms.get(), key, reader, nullptr, out.get(), CMS_BINARY) != 1) {
        ERR_clear_error();
        return error{errc::denied, "the envelope is for another key, or was changed"};
    }
    return text_of(out.get());
}

}  // namespace

result<std::string> seal_for(std::string_view certificate_pem, std::string_view text) {
    const auto certificate = parse_certificate(certificate_pem);
    return certificate ? seal(certificate->get(), text) : certificate.error();
}

result<std::string> seal_for_key(std::string_view public_key_pem, std::string_view text) {
    auto parsed = parse_public_key(public_key_pem);
    if (!parsed) {
        return parsed.error();
    }
    const private_key half(std::shared_ptr<EVP_PKEY>(parsed->release(), EVP_PKEY_free));
    if (!half.is_for_servers()) {
        return error{errc::unsupported, "neither RSA of 2048 bits or more nor of P-256 or P-384"};
    }
    const auto reader = named_by_key(half.handle());
    return reader ? seal(reader->get(), text) : reader.error();
}

result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  std::string_view private_key_pem) {
    const auto key = private_key::from_pem(private_key_pem);
    return key ? open_envelope(envelope, certificate_pem, *key) : key.error();
}

result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  const private_key& key) {
    const auto certificate = parse_certificate(certificate_pem);
    return certificate ? open(envelope, certificate->get(), key.handle()) : certificate.error();
}

result<std::string> open_envelope(std::string_view envelope, const private_key& key) {
    const auto reader = named_by_key(key.handle());
    return reader ? open(envelope, reader->get(), key.handle()) : reader.error();
}

}  // namespace evergrass::pki

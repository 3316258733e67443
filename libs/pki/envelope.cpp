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

}  // namespace

result<std::string> seal_for(std::string_view certificate_pem, std::string_view text) {
    const auto certificate = parse_certificate(certificate_pem);
    if (!certificate) {
        return certificate.error();
    }
    const auto content = read_only(text);
    const cms_ptr cms(CMS_encrypt(nullptr, content.get(), EVP_aes_256_gcm(), flags));
    if (!cms) {
        return openssl_error("cannot begin an envelope");
    }
    auto* recipient = CMS_add1_recipient_cert(cms.get(), certificate->get(), flags | CMS_KEY_PARAM);
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

result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  std::string_view private_key_pem) {
    const auto key = private_key::from_pem(private_key_pem);
    return key ? open_envelope(envelope, certificate_pem, *key) : key.error();
}

result<std::string> open_envelope(std::string_view envelope, std::string_view certificate_pem,
                                  const private_key& key) {
    const auto certificate = parse_certificate(certificate_pem);
    if (!certificate) {
        return certificate.error();
    }
    const auto content = read_only(envelope);
    const cms_ptr cms(d2i_CMS_bio(content.get(), nullptr));
    if (!cms) {
        ERR_clear_error();
        return error{errc::invalid_input, "it is no CMS envelope"};
    }
    const bio_ptr out(BIO_new(BIO_s_mem()));
    if (CMS_decrypt(cms.get(), key.handle(), certificate->get(), nullptr, out.get(), CMS_BINARY) !=
        1) {
        ERR_clear_error();
        return error{errc::denied, "the envelope is for another key, or was changed"};
    }
    return text_of(out.get());
}

}  // namespace evergrass::pki

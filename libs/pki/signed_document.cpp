#include "libs/pki/signed_document.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/openssl.hpp"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace evergrass::pki {
namespace {

using namespace detail;

using signed_ptr = std::unique_ptr<CMS_ContentInfo, freed_by<CMS_ContentInfo_free>>;

void free_certificates(STACK_OF(X509) * all) {
    sk_X509_pop_free(all, X509_free);
}
using certificates_ptr = std::unique_ptr<STACK_OF(X509), freed_by<free_certificates>>;

// Those after the first.
certificates_ptr rest_of(std::string_view chain_pem) {
    certificates_ptr rest(sk_X509_new_null());
    const auto text = read_only(chain_pem);
    bool first = true;
    while (rest) {
        x509_ptr one(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        if (!one) {
            ERR_clear_error();  // the end of the text
            break;
        }
        if (!first && sk_X509_push(rest.get(), one.get()) > 0) {
            static_cast<void>(one.release());
        }
        first = false;
    }
    return rest;
}

}  // namespace

result<std::string> sign_document(std::string_view content, std::string_view chain_pem,
                                  const private_key& key) {
    const auto signer = parse_certificate(chain_pem);
    if (!signer) {
        return signer.error();
    }
    const auto rest = rest_of(chain_pem);
    const auto data = read_only(content);
    const bio_ptr out(BIO_new(BIO_s_mem()));
    const signed_ptr made(
        CMS_sign(signer->get(), key.handle(), rest.get(), data.get(), CMS_BINARY | CMS_NOSMIMECAP));
    if (!made || PEM_write_bio_CMS_stream(out.get(), made.get(), nullptr, 0) != 1) {
        return openssl_error("cannot sign the document");
    }
    return text_of(out.get());
}

}  // namespace evergrass::pki

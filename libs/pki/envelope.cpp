#include "libs/pki/envelope.hpp"

#include "libs/base/errors.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/private_key.hpp"

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

#include <optional>

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

// DER, element by element; nothing where another one is, or its length is not said.
class der_reader {
public:
    explicit der_reader(std::string_view der) : rest_(der) {}

    bool at_end() const { return rest_.empty(); }
    std::optional<std::string_view> take(int wanted_tag, int wanted_class = V_ASN1_UNIVERSAL) {
        const auto* const begin = reinterpret_cast<const unsigned char*>(rest_.data());
        const auto* content = begin;
        long size = 0;
        int tag = 0;
        int of_class = 0;
        const int read =
            ASN1_get_object(&content, &size, &tag, &of_class, static_cast<long>(rest_.size()));
        constexpr int failed_or_indefinite = 0x81;
        if ((read & failed_or_indefinite) != 0 || tag != wanted_tag || of_class != wanted_class) {
            ERR_clear_error();
            return std::nullopt;
        }
        const auto head = static_cast<std::size_t>(content - begin);
        const auto taken = rest_.substr(head, static_cast<std::size_t>(size));
        rest_.remove_prefix(head + taken.size());
        return taken;
    }

private:
    std::string_view rest_;
};

std::string_view content_of(const ASN1_OBJECT* object) {
    return {reinterpret_cast<const char*>(OBJ_get0_data(object)), OBJ_length(object)};
}

// AES-256-GCM with a whole tag: OpenSSL itself takes tags of few bytes, which can be guessed
// (RFC 5083 §2.1, RFC 5084 §3.2).
bool has_whole_tag(std::string_view envelope) {
    constexpr std::size_t tag_bytes = 16;
    der_reader file(envelope);
    der_reader outer(file.take(V_ASN1_SEQUENCE).value_or(""));
    outer.take(V_ASN1_OBJECT);
    der_reader tagged(outer.take(0, V_ASN1_CONTEXT_SPECIFIC).value_or(""));
    der_reader parts(tagged.take(V_ASN1_SEQUENCE).value_or(""));
    parts.take(V_ASN1_INTEGER);
    parts.take(V_ASN1_SET);
    der_reader content(parts.take(V_ASN1_SEQUENCE).value_or(""));
    content.take(V_ASN1_OBJECT);
    der_reader cipher(content.take(V_ASN1_SEQUENCE).value_or(""));
    const auto tag = parts.take(V_ASN1_OCTET_STRING);
    return file.at_end() &&
           cipher.take(V_ASN1_OBJECT) == content_of(OBJ_nid2obj(NID_aes_256_gcm)) && tag &&
           tag->size() == tag_bytes && parts.at_end();
}

// One reader, with a key wrapped by OAEP or agreed on.
bool is_for_one_reader(CMS_ContentInfo* cms) {
    auto* readers = CMS_get0_RecipientInfos(cms);
    if (readers == nullptr || sk_CMS_RecipientInfo_num(readers) != 1) {
        return false;
    }
    auto* reader = sk_CMS_RecipientInfo_value(readers, 0);
    if (CMS_RecipientInfo_type(reader) != CMS_RECIPINFO_TRANS) {
        return CMS_RecipientInfo_type(reader) == CMS_RECIPINFO_AGREE;
    }
    X509_ALGOR* wrapping = nullptr;
    const ASN1_OBJECT* name = nullptr;
    if (CMS_RecipientInfo_ktri_get0_algs(reader, nullptr, nullptr, &wrapping) == 1) {
        X509_ALGOR_get0(&name, nullptr, nullptr, wrapping);
    }
    return name != nullptr && OBJ_obj2nid(name) == NID_rsaesOaep;
}

// Of all that CMS can be, what seal() makes. Without the tag whoever carries the envelope could
// change what is in it, or learn it from what its reader does with changed ones.
bool is_as_sealed(CMS_ContentInfo* cms, std::string_view envelope) {
    return OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData &&
           has_whole_tag(envelope) && is_for_one_reader(cms);
}

result<std::string> open(std::string_view envelope, X509* reader, EVP_PKEY* key) {
    const auto content = read_only(envelope);
    const cms_ptr cms(d2i_CMS_bio(content.get(), nullptr));
    if (!cms) {
        ERR_clear_error();
        return error{errc::invalid_input, "it is no CMS envelope"};
    }
    if (!is_as_sealed(cms.get(), envelope)) {
        ERR_clear_error();
        return error{errc::unsupported,
                     "it is CMS that Evergrass does not write: only AuthEnvelopedData by "
                     "AES-256-GCM for one reader, by RSA-OAEP or ECDH, is opened"};
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

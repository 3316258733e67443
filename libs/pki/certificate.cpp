#include "libs/base/digest.hpp"
#include "libs/base/epoch.hpp"
#include "libs/base/random.hpp"
#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace evergrass::pki {
namespace {

std::string der_of(X509* certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate, &bytes);
    if (size < 0) {
        return {};
    }
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

wall_time to_wall_time(const ASN1_TIME* when) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(when, &broken) != 1) {
        return {};
    }
    return nearest_wall_time(::timegm(&broken));
}

// 128 random bits, positive and never zero (RFC 5280 §4.1.2.2).
void set_serial(X509* certificate) {
    auto bytes = random_bytes(16);
    bytes[0] = static_cast<char>((bytes[0] & 0x7f) | 0x40);
    const std::unique_ptr<BIGNUM, detail::freed_by<BN_free>> number(
        BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()), nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

// X509_time_adj would take a 32-bit offset; ASN1_TIME_set writes UTCTime up to 2049 and
// GeneralizedTime after it by itself.
bool set_validity(X509* certificate, const certificate_request& wanted) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), to_epoch_seconds(wanted.not_before)) !=
               nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), to_epoch_seconds(wanted.not_after)) !=
               nullptr;
}

bool add_text(X509* certificate, X509V3_CTX* context, int id, const std::string& value) {
    const detail::extension_ptr extension(X509V3_EXT_conf_nid(nullptr, context, id, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string basic_constraints(const certificate_request& wanted) {
    if (!wanted.is_ca) {
        return "critical,CA:FALSE";
    }
    return wanted.path_length ? "critical,CA:TRUE,pathlen:" + std::to_string(*wanted.path_length)
                              : "critical,CA:TRUE";
}

std::string extended_usage(const certificate_request& wanted) {
    if (wanted.for_server && wanted.for_client) {
        return "serverAuth,clientAuth";
    }
    return wanted.for_server ? "serverAuth" : "clientAuth";
}

result<void> add_extensions(X509* certificate, X509* issuer, const certificate_request& wanted) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    bool added =
        add_text(certificate, &context, NID_basic_constraints, basic_constraints(wanted)) &&
        add_text(certificate, &context, NID_key_usage,
                 wanted.is_ca ? "critical,keyCertSign,cRLSign,digitalSignature"
                              : "critical,digitalSignature,keyEncipherment") &&
        add_text(certificate, &context, NID_subject_key_identifier, "hash") &&
        add_text(certificate, &context, NID_authority_key_identifier, "keyid");
    if (wanted.for_server || wanted.for_client) {
        added = added && add_text(certificate, &context, NID_ext_key_usage, extended_usage(wanted));
    }
    if (!added) {
        return detail::openssl_error("cannot write the certificate's extensions");
    }
    auto names = detail::to_alternative_names(wanted.names);
    if (!names) {
        return names.error();
    }
    if (*names && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names->get(), 0, 0) != 1) {
        return detail::openssl_error("cannot write the certificate's names");
    }
    return {};
}

// `issuer` null: self-signed.
result<std::string> build(const certificate_request& wanted, EVP_PKEY* subject_key, X509* issuer,
                          EVP_PKEY* issuer_key) {
    const detail::x509_ptr certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    set_serial(certificate.get());
    if (!set_validity(certificate.get(), wanted)) {
        return detail::openssl_error("cannot write the certificate's validity");
    }
    auto* subject = X509_get_subject_name(certificate.get());
    if (auto named = detail::set_name(subject, wanted.common_name, wanted.organization); !named) {
        return named.error();
    }
    auto* issuer_certificate = issuer != nullptr ? issuer : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer_certificate));
    X509_set_pubkey(certificate.get(), subject_key);
    if (auto added = add_extensions(certificate.get(), issuer_certificate, wanted); !added) {
        return added.error();
    }
    if (X509_sign(certificate.get(), issuer_key, detail::digest_for(issuer_key)) <= 0) {
        return detail::openssl_error("cannot sign the certificate");
    }
    const detail::bio_ptr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate.get());
    return detail::text_of(bio.get());
}

}  // namespace

result<std::string> make_self_signed(const certificate_request& wanted, std::string_view key_pem) {
    auto key = detail::parse_private_key(key_pem);
    if (!key) {
        return key.error();
    }
    return build(wanted, key->get(), nullptr, key->get());
}

result<std::string> issue(const certificate_request& wanted, std::string_view public_key_pem,
                          std::string_view issuer_certificate_pem,
                          std::string_view issuer_key_pem) {
    auto subject_key = detail::parse_public_key(public_key_pem);
    if (!subject_key) {
        return with_context(subject_key.error(), "the certificate's key");
    }
    auto issuer = detail::parse_certificate(issuer_certificate_pem);
    if (!issuer) {
        return with_context(issuer.error(), "the issuer's certificate");
    }
    auto issuer_key = detail::parse_private_key(issuer_key_pem);
    if (!issuer_key) {
        return with_context(issuer_key.error(), "the issuer's key");
    }
    if (X509_check_private_key(issuer->get(), issuer_key->get()) != 1) {
        return detail::openssl_error("the issuer's key does not belong to its certificate");
    }
    return build(wanted, subject_key->get(), issuer->get(), issuer_key->get());
}

result<certificate_info> read_certificate(std::string_view pem) {
    auto parsed = detail::parse_certificate(pem);
    if (!parsed) {
        return parsed.error();
    }
    auto* certificate = parsed->get();
    auto* key = X509_get0_pubkey(certificate);
    if (key == nullptr) {
        return detail::openssl_error("the certificate's key is of an unknown kind");
    }
    certificate_info info;
    info.id = sha256_hex(der_of(certificate));
    info.common_name = detail::common_name_of(X509_get_subject_name(certificate));
    info.issuer_common_name = detail::common_name_of(X509_get_issuer_name(certificate));
    info.not_before = to_wall_time(X509_get0_notBefore(certificate));
    info.not_after = to_wall_time(X509_get0_notAfter(certificate));
    info.public_key_pem = detail::public_key_pem(key);
    info.is_ca = X509_check_ca(certificate) == 1;
    const detail::names_ptr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (names) {
        info.names = detail::from_alternative_names(names.get());
    }
    return info;
}

result<certificate_names> digest_names(std::string_view pem) {
    auto parsed = detail::parse_certificate(pem);
    if (!parsed) {
        return parsed.error();
    }
    const auto digest = [](const X509_NAME* name) {
        const unsigned char* der = nullptr;
        std::size_t size = 0;
        X509_NAME_get0_der(name, &der, &size);
        return sha256_hex({reinterpret_cast<const char*>(der), size});
    };
    return certificate_names{digest(X509_get_subject_name(parsed->get())),
                             digest(X509_get_issuer_name(parsed->get()))};
}

result<bool> is_signed_by(std::string_view certificate_pem, std::string_view issuer_pem) {
    auto certificate = detail::parse_certificate(certificate_pem);
    if (!certificate) {
        return certificate.error();
    }
    auto issuer = detail::parse_certificate(issuer_pem);
    if (!issuer) {
        return with_context(issuer.error(), "the issuer's certificate");
    }
    auto* const key = X509_get0_pubkey(issuer->get());
    const bool is_signed = key != nullptr &&
                           X509_NAME_cmp(X509_get_issuer_name(certificate->get()),
                                         X509_get_subject_name(issuer->get())) == 0 &&
                           X509_verify(certificate->get(), key) == 1;
    ERR_clear_error();
    return is_signed;
}

result<bool> matches(std::string_view certificate_pem, std::string_view private_key_pem) {
    const auto key = private_key::from_pem(private_key_pem);
    return key ? matches(certificate_pem, *key) : key.error();
}

result<bool> matches(std::string_view certificate_pem, const private_key& key) {
    auto certificate = detail::parse_certificate(certificate_pem);
    if (!certificate) {
        return certificate.error();
    }
    const bool same = X509_check_private_key(certificate->get(), key.handle()) == 1;
    ERR_clear_error();
    return same;
}

}  // namespace evergrass::pki

#include "apps/doctor/token_facts.hpp"
#include "libs/pkcs11/attached_token.hpp"
#include "libs/pkcs11/errors.hpp"
#include "libs/pki/openssl.hpp"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <array>

namespace evergrass::doctor {
namespace {

constexpr std::string_view text_to_sign = "evergrass doctor asks whose key this is";

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest_of(std::string_view text) {
    std::string digest(32, '\0');
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
               EVP_sha256(), nullptr);
    return digest;
}

using signature_ptr = std::unique_ptr<ECDSA_SIG, pki::detail::freed_by<ECDSA_SIG_free>>;
using context_ptr = std::unique_ptr<EVP_MD_CTX, pki::detail::freed_by<EVP_MD_CTX_free>>;

// A token gives r and s side by side, OpenSSL takes them as DER.
std::string as_der(std::string_view both) {
    const auto half = static_cast<int>(both.size() / 2);
    const signature_ptr signature(ECDSA_SIG_new());
    auto* r = BN_bin2bn(bytes_of(both), half, nullptr);
    auto* s = BN_bin2bn(bytes_of(both) + half, half, nullptr);
    if (!signature || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    std::string text(reinterpret_cast<const char*>(der), size > 0 ? std::size_t(size) : 0);
    OPENSSL_free(der);
    return text;
}

bool is_good(X509* certificate, std::string_view signature) {
    const context_ptr context(EVP_MD_CTX_new());
    auto* key = X509_get0_pubkey(certificate);
    return key != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                            bytes_of(text_to_sign), text_to_sign.size()) == 1;
}

token_key look_at_key(pkcs11::attached_token& token, const token_settings::principal& principal,
                      const std::string& certificate_pem) {
    token_key key;
    key.principal = principal.name;
    const auto named = pkcs11::parse_uri(principal.uri);
    if (!named) {
        key.error = named.error().message();
        return key;
    }
    auto found = token.private_key(*named);
    if (!found) {
        key.error = found.error().message();
        return key;
    }
    key.is_rsa = EVP_PKEY_get_base_id(found->get()) == EVP_PKEY_RSA;
    auto signature = key.is_rsa
                         ? token.sign(*named, pkcs11::signing::rsa_pkcs1_sha256, text_to_sign)
                         : token.sign(*named, pkcs11::signing::ecdsa, digest_of(text_to_sign));
    if (!signature) {
        key.error = signature.error().message();
        return key;
    }
    key.handle = std::move(*found);
    if (principal.name != "IoTCertificate") {
        return key;
    }
    if (const auto opens = token.try_opening(*named); !opens) {
        key.opening_error = opens.error().message();
    }
    if (const auto certificate = pki::detail::parse_certificate(certificate_pem)) {
        key.matches = is_good(certificate->get(), key.is_rsa ? *signature : as_der(*signature));
    }
    return key;
}

}  // namespace

token_facts look_at_token(const token_settings& settings, const std::string& certificate_pem) {
    token_facts facts;
    facts.is_used = true;
    facts.module = settings.provider;
    facts.label = settings.slot_label;
    pkcs11::uri named;
    named.token = settings.slot_label;
    named.module_path = settings.provider;
    const auto token = pkcs11::attached_token::make(std::move(named), settings.pin, nullptr);
    if (const auto in = token->attach(); !in) {
        facts.error = in.error().message();
        facts.lacks_session = in.error().code == pkcs11::fault::no_session;
        return facts;
    }
    facts.signs_pss = token->signs_pss();
    for (const auto& principal : settings.principals) {
        facts.keys.push_back(look_at_key(*token, principal, certificate_pem));
    }
    return facts;
}

}  // namespace evergrass::doctor

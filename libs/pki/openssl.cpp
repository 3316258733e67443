#include "libs/pki/openssl.hpp"

#include "libs/base/errors.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <new>

namespace evergrass::pki::detail {
namespace {

// Refuses every encrypted key instead of asking on the terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

result<void> push_name(GENERAL_NAMES* list, const std::string& name) {
    const bool plain =
        std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
    if (name.empty() || !plain) {
        return error{errc::invalid_input, "'" + name + "' is neither an address nor a host name"};
    }
    std::unique_ptr<GENERAL_NAME, freed_by<GENERAL_NAME_free>> entry(GENERAL_NAME_new());
    std::unique_ptr<ASN1_OCTET_STRING, freed_by<ASN1_OCTET_STRING_free>> address(
        a2i_IPADDRESS(name.c_str()));
    if (address) {
        GENERAL_NAME_set0_value(entry.get(), GEN_IPADD, address.release());
    } else {
        ERR_clear_error();
        auto* text = ASN1_IA5STRING_new();
        ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
        GENERAL_NAME_set0_value(entry.get(), GEN_DNS, text);
    }
    sk_GENERAL_NAME_push(list, entry.release());
    return {};
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int size = ASN1_STRING_length(address);
    const int family = size == 4 ? AF_INET : AF_INET6;
    if ((size != 4 && size != 16) ||
        ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr) {
        return {};
    }
    return text.data();
}

}  // namespace

error openssl_error(std::string context) {
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr) {
        context += " (";
        context += reason;
        context += ")";
    }
    return {errc::invalid_input, std::move(context)};
}

bio_ptr read_only(std::string_view text) {
    bio_ptr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) {
        throw std::bad_alloc();
    }
    return bio;
}

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

result<key_ptr> parse_private_key(std::string_view pem) {
    const auto bio = read_only(pem);
    key_ptr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!key) {
        return openssl_error("not an unencrypted private key in PEM");
    }
    return key;
}

result<key_ptr> parse_public_key(std::string_view pem) {
    const auto bio = read_only(pem);
    key_ptr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key) {
        return openssl_error("not a public key in PEM");
    }
    return key;
}

result<x509_ptr> parse_certificate(std::string_view pem) {
    const auto bio = read_only(pem);
    x509_ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        return openssl_error("not a certificate in PEM");
    }
    return certificate;
}

std::string public_key_pem(EVP_PKEY* key) {
    const bio_ptr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(bio.get(), key);
    return text_of(bio.get());
}

result<names_ptr> to_alternative_names(const std::vector<std::string>& names) {
    if (names.empty()) {
        return names_ptr();
    }
    names_ptr list(sk_GENERAL_NAME_new_null());
    for (const auto& name : names) {
        if (auto pushed = push_name(list.get(), name); !pushed) {
            return pushed.error();
        }
    }
    return list;
}

std::vector<std::string> from_alternative_names(const GENERAL_NAMES* names) {
    std::vector<std::string> texts;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            const auto* text = name->d.dNSName;
            texts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text)));
        } else if (name->type == GEN_IPADD) {
            if (auto address = address_text(name->d.iPAddress); !address.empty()) {
                texts.push_back(std::move(address));
            }
        }
    }
    return texts;
}

std::string common_name_of(const X509_NAME* name) {
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) {
        return {};
    }
    unsigned char* bytes = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    if (size < 0) {
        ERR_clear_error();
        return {};
    }
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return text;
}

result<void> set_name(X509_NAME* name, std::string_view common_name,
                      std::string_view organization) {
    const auto add = [name](int id, std::string_view text) {
        return text.empty() ||
               X509_NAME_add_entry_by_NID(name, id, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()), -1, 0) == 1;
    };
    if (!add(NID_organizationName, organization)) {
        return openssl_error("'" + std::string(organization) + "' cannot be an organization");
    }
    if (!add(NID_commonName, common_name)) {
        return openssl_error("'" + std::string(common_name) +
                             "' cannot be a common name (1 to 64 characters)");
    }
    return {};
}

const EVP_MD* digest_for(EVP_PKEY* key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

}  // namespace evergrass::pki::detail

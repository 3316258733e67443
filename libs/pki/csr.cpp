#include "libs/pki/openssl.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <openssl/pem.h>

namespace evergrass::pki {
namespace {

using extensions_ptr =
    std::unique_ptr<STACK_OF(X509_EXTENSION), detail::freed_by<[](STACK_OF(X509_EXTENSION) * list) {
                        sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
                    }>>;

result<void> add_names(X509_REQ* request, const std::vector<std::string>& names) {
    auto alternative = detail::to_alternative_names(names);
    if (!alternative) {
        return alternative.error();
    }
    if (!*alternative) {
        return {};
    }
    const extensions_ptr list(sk_X509_EXTENSION_new_null());
    auto* extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, alternative->get());
    sk_X509_EXTENSION_push(list.get(), extension);
    if (extension == nullptr || X509_REQ_add_extensions(request, list.get()) != 1) {
        return detail::openssl_error("cannot write the names into the request");
    }
    return {};
}

}  // namespace

result<std::string> make_csr(std::string_view common_name, const std::vector<std::string>& names,
                             std::string_view key_pem) {
    const auto key = private_key::from_pem(key_pem);
    return key ? make_csr(common_name, names, *key) : key.error();
}

result<std::string> make_csr(std::string_view common_name, const std::vector<std::string>& names,
                             const private_key& key) {
    const detail::req_ptr request(X509_REQ_new());
    X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
    if (auto named = detail::set_name(X509_REQ_get_subject_name(request.get()), common_name, {});
        !named) {
        return named.error();
    }
    if (auto added = add_names(request.get(), names); !added) {
        return added.error();
    }
    if (X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
        X509_REQ_sign(request.get(), key.handle(), detail::digest_for(key.handle())) <= 0) {
        return detail::openssl_error("cannot sign the certificate request");
    }
    const detail::bio_ptr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    return detail::text_of(bio.get());
}

result<csr_info> read_csr(std::string_view csr_pem) {
    const auto bio = detail::read_only(csr_pem);
    const detail::req_ptr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    if (!request) {
        return detail::openssl_error("not a certificate request in PEM");
    }
    auto* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) {
        return detail::openssl_error("the certificate request is not signed by its own key");
    }
    csr_info info;
    info.common_name = detail::common_name_of(X509_REQ_get_subject_name(request.get()));
    info.public_key_pem = detail::public_key_pem(key);
    const extensions_ptr extensions(X509_REQ_get_extensions(request.get()));
    const detail::names_ptr names(static_cast<GENERAL_NAMES*>(
        X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (names) {
        info.names = detail::from_alternative_names(names.get());
    }
    return info;
}

}  // namespace evergrass::pki

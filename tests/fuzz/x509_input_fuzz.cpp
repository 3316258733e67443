// What the API and devices send as PEM: certificate requests, certificates, CAs, keys. Whatever is
// taken reads back as what it was taken for, and is no other's.

#include "libs/pki/envelope.hpp"
#include "libs/pki/pki.hpp"
#include "libs/rt/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace evergrass;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool is_id(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void read_as_request(std::string_view pem) {
    if (const auto request = pki::read_csr(pem)) {
        check(request->public_key_pem.starts_with("-----BEGIN PUBLIC KEY-----"));
    }
}

void read_as_certificate(std::string_view pem) {
    const auto names = pki::digest_names(pem);
    const auto info = pki::read_certificate(pem);
    if (!info) {
        return;
    }
    check(is_id(info->id));
    check(names && is_id(names->subject) && is_id(names->issuer));
    static const auto stranger = [] {
        const auto key = pki::generate_ec_key();
        pki::certificate_request wanted;
        wanted.common_name = "stranger";
        wanted.is_ca = true;
        wanted.not_after = wanted.not_before + std::chrono::hours(1);
        return *pki::make_self_signed(wanted, key);
    }();
    const auto signed_by_stranger = pki::is_signed_by(pem, stranger);
    check(!signed_by_stranger || !*signed_by_stranger);
    static_cast<void>(pki::is_signed_by(pem, pem));
}

void read_as_authorities(std::string pem) {
    rt::tls_client_options options;
    options.ca_pem = std::move(pem);
    if (!options.ca_pem.empty()) {  // none named means the system's
        const auto context = rt::make_client_context(options);
        check(!context || pki::read_certificate(options.ca_pem).has_value() ||
              options.ca_pem.find("-----BEGIN") != std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view pem(reinterpret_cast<const char*>(data), size);
    read_as_request(pem);
    read_as_certificate(pem);
    read_as_authorities(std::string(pem));
    if (const auto key = pki::public_key_of(pem)) {
        check(key->starts_with("-----BEGIN PUBLIC KEY-----"));
    }
    // A core names the key that secrets are sealed for.
    if (const auto sealed = pki::seal_for_key(pem, "a secret")) {
        check(sealed->find("a secret") == std::string::npos);
    }
    return 0;
}

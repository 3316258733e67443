#pragma once

#include "libs/base/result.hpp"
#include "libs/base/time.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Keys, certificates and signatures as PEM text in, PEM text out. Nothing here keeps state or does
// I/O; every function may be called from any thread.
namespace evergrass::pki {

std::string generate_rsa_key(int bits = 2048);                        // PKCS#8 PEM
std::string generate_ec_key();                                        // P-256, PKCS#8 PEM
std::string generate_ed25519_key();                                   // PKCS#8 PEM
result<std::string> public_key_of(std::string_view private_key_pem);  // SubjectPublicKeyInfo PEM

// What to put in a certificate that we sign. Serial numbers are 128 random bits; signatures
// SHA-256.
struct certificate_request {
    std::string common_name;
    std::string organization;
    std::vector<std::string> names;  // subjectAltName: addresses become iPAddress, the rest dNSName
    bool is_ca = false;
    std::optional<int> path_length;  // for a CA
    bool for_server = false;         // extendedKeyUsage
    bool for_client = false;
    wall_time not_before;
    wall_time not_after;  // beyond 2049 is written as GeneralizedTime
};

result<std::string> make_self_signed(const certificate_request& wanted, std::string_view key_pem);
// A certificate for `public_key_pem`, signed by the issuer.
result<std::string> issue(const certificate_request& wanted, std::string_view public_key_pem,
                          std::string_view issuer_certificate_pem, std::string_view issuer_key_pem);

result<std::string> make_csr(std::string_view common_name, const std::vector<std::string>& names,
                             std::string_view key_pem);

struct csr_info {
    std::string common_name;
    std::vector<std::string> names;
    std::string public_key_pem;
};
// Checks the CSR's own signature.
result<csr_info> read_csr(std::string_view csr_pem);

struct certificate_info {
    std::string id;  // SHA-256 of the DER, 64 lower-case hex digits
    std::string common_name;
    std::string issuer_common_name;
    std::vector<std::string> names;  // DNS names and addresses of subjectAltName
    wall_time not_before;
    wall_time not_after;
    std::string public_key_pem;
    bool is_ca = false;
};
// Of the first certificate in the text.
result<certificate_info> read_certificate(std::string_view pem);
// SHA-256 of the DER of both names, in hex: which CA may have signed what, without parsing more.
struct certificate_names {
    std::string subject;
    std::string issuer;
};
result<certificate_names> digest_names(std::string_view pem);
// True when the issuer's name is in the certificate and its key signed it; the times of neither are
// looked at. Of the first certificate in each text.
result<bool> is_signed_by(std::string_view certificate_pem, std::string_view issuer_pem);
// True when key and certificate belong together.
result<bool> matches(std::string_view certificate_pem, std::string_view private_key_pem);

// Ed25519 over the exact bytes; 64 raw bytes.
result<std::string> sign_ed25519(std::string_view private_key_pem, std::string_view message);
// Success only when the signature is right; errc::denied when it is not.
result<void> verify_ed25519(std::string_view public_key_pem, std::string_view message,
                            std::string_view signature);

}  // namespace evergrass::pki

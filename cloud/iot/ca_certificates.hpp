#pragma once

#include "cloud/iot/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud::iot {

// A CA that the fleet's owner registered: what it signed is registered by RegisterCertificate.
struct ca_record {
    std::string id;  // SHA-256 of the DER, as of any certificate
    std::string pem;
    std::string status;  // ACTIVE, INACTIVE
    std::string mode;    // DEFAULT, SNI_ONLY
    bool auto_registration = false;
    json::object config;          // registrationConfig
    std::int64_t created_at = 0;  // milliseconds since 1970, as all below
    std::int64_t updated_at = 0;
    std::int64_t not_before = 0;
    std::int64_t not_after = 0;
};

// AWS's quota of CAs with one subject.
inline constexpr std::size_t most_cas_of_a_subject = 10;

answer<std::optional<ca_record>> find_ca(registry& in, std::string_view id);
// ResourceNotFoundException when there is none.
answer<ca_record> require_ca(registry& in, std::string_view id);
// Those whose subject has this digest (pki::digest_names).
answer<std::vector<ca_record>> cas_of_subject(registry& in, const std::string& subject);

std::string ca_arn(const registry& in, std::string_view id);
api_error invalid_certificate(std::string message);  // CertificateValidationException
api_error wrong_state(std::string message);          // CertificateStateException, 406

// What proves that a CA's key is the caller's: the common name of its verification certificate. 64
// hex digits, made at the first question, the same until it is deleted.
answer<std::optional<std::string>> find_registration_code(registry& in);
// In a transaction.
answer<std::string> registration_code(registry& in);

}  // namespace evergrass::cloud::iot

#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/operations.hpp"
#include "cloud/iot/tags.hpp"
#include "libs/pki/pki.hpp"

namespace evergrass::cloud::iot {
namespace {

struct new_ca {
    std::string pem;
    pki::certificate_info info;
    std::string subject;
    std::string mode;
};

// In DEFAULT mode the caller proves that the CA's key is his: it signs the registration code.
std::optional<api_error> check_verification(registry& in, const new_ca& ca, const call& from) {
    const auto proof = string_member(from.input, "verificationCertificate");
    if (ca.mode == "SNI_ONLY") {
        return proof ? std::optional(invalid_request(
                           "verificationCertificate must be left out when certificateMode is "
                           "SNI_ONLY."))
                     : std::nullopt;
    }
    if (!proof) {
        return invalid_request(
            "verificationCertificate is needed when certificateMode is DEFAULT: a certificate "
            "signed by the CA whose common name is what GetRegistrationCode answers.");
    }
    const auto info = pki::read_certificate(*proof);
    if (!info) {
        return invalid_certificate("Invalid verificationCertificate: " + info.error().message());
    }
    const auto by_ca = pki::is_signed_by(*proof, ca.pem);
    if (!by_ca || !*by_ca) {
        return invalid_certificate("The verificationCertificate is not signed by caCertificate.");
    }
    const auto code = find_registration_code(in);
    if (!code) {
        return code.error();
    }
    if (!*code || **code != info->common_name) {
        return api_error{400,
                         "RegistrationCodeValidationException",
                         "The common name of the verificationCertificate is not the registration "
                         "code of this account; GetRegistrationCode answers it.",
                         {}};
    }
    return std::nullopt;
}

answer<new_ca> read_ca(const registry& in, const call& from) {
    new_ca ca;
    ca.pem = required_text(from, "caCertificate");
    ca.mode = string_member(from.input, "certificateMode").value_or("DEFAULT");
    auto info = pki::read_certificate(ca.pem);
    const auto names = info ? pki::digest_names(ca.pem) : info.error();
    if (!info || !names) {
        return invalid_certificate("Invalid caCertificate: " +
                                   (info ? names.error() : info.error()).message());
    }
    if (!info->is_ca) {
        return invalid_certificate(
            "caCertificate is not a CA's: its basic constraints don't say CA:TRUE.");
    }
    if (info->not_after < in.time.now()) {
        return invalid_certificate("caCertificate has expired.");
    }
    ca.info = std::move(*info);
    ca.subject = names->subject;
    return ca;
}

// Not there yet, and not one too many of its subject.
std::optional<api_error> check_new(registry& in, const new_ca& ca) {
    const auto same = cas_of_subject(in, ca.subject);
    if (!same) {
        return same.error();
    }
    for (const auto& each : *same) {
        if (each.id == ca.info.id) {
            return api_error{409,
                             "ResourceAlreadyExistsException",
                             "CA certificate is already registered (id=" + each.id + ")",
                             {{"resourceId", each.id}, {"resourceArn", ca_arn(in, each.id)}}};
        }
    }
    if (same->size() >= most_cas_of_a_subject) {
        return api_error{409,
                         "LimitExceededException",
                         "There are 10 CA certificates with this subject already; delete one of "
                         "them.",
                         {}};
    }
    return std::nullopt;
}

}  // namespace

api_result register_ca_certificate(registry& in, const call& from) {
    const auto ca = read_ca(in, from);
    if (!ca) {
        return ca.error();
    }
    const bool active = bool_member(from.input, "setAsActive").value_or(false);
    const bool automatic = bool_member(from.input, "allowAutoRegistration").value_or(false);
    const auto* const config = object_member(from.input, "registrationConfig");
    return in_transaction(in.state, [&]() -> api_result {
        if (auto refused = check_verification(in, *ca, from)) {
            return *refused;
        }
        if (auto refused = check_new(in, *ca)) {
            return *refused;
        }
        if (auto failed = write(
                in, "iot.register_ca",
                "INSERT INTO ca_certificates(id, pem, subject, status, mode, auto_registration,"
                " config, created_at, updated_at, not_before, not_after)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, ?10)",
                {ca->info.id, ca->pem, ca->subject, std::string(active ? "ACTIVE" : "INACTIVE"),
                 ca->mode, std::int64_t{automatic},
                 json::serialize(config != nullptr ? *config : json::object()),
                 now_milliseconds(in), to_epoch_milliseconds(ca->info.not_before),
                 to_epoch_milliseconds(ca->info.not_after)})) {
            return *failed;
        }
        const auto arn = ca_arn(in, ca->info.id);
        if (auto refused = add_tags(in, arn, array_member(from.input, "tags"))) {
            return *refused;
        }
        return reply{{{"certificateArn", arn}, {"certificateId", ca->info.id}}};
    });
}

}  // namespace evergrass::cloud::iot

#include "cloud/iot/new_certificate.hpp"

#include "cloud/iot/records.hpp"
#include "libs/pki/pki.hpp"

#include <chrono>

namespace evergrass::cloud::iot {
namespace {

// 2049-12-31T23:59:59Z, the last second that UTCTime can write.
constexpr std::chrono::seconds end_of_2049{2'524'607'999};
// A device's clock may be behind ours.
constexpr std::chrono::minutes clock_tolerance{2};

}  // namespace

answer<issued_certificate> issue_device_certificate(const registry& in, std::string common_name,
                                                    std::string_view public_key_pem) {
    pki::certificate_request wanted;
    wanted.common_name = common_name.empty() ? "AWS IoT Certificate" : std::move(common_name);
    wanted.for_client = true;
    wanted.not_before = in.time.now() - clock_tolerance;
    wanted.not_after = wall_time(end_of_2049);
    auto pem = pki::issue(wanted, public_key_pem, in.issuer.certificate_pem, in.issuer.key_pem);
    if (!pem) {
        return internal_error(pem.error());
    }
    const auto info = pki::read_certificate(*pem);
    if (!info) {
        return internal_error(info.error());
    }
    return issued_certificate{info->id, std::move(*pem)};
}

api_result store_certificate(registry& in, const std::string& pem, const std::string& status,
                             const std::string& mode, reply success,
                             const std::optional<std::string>& ca) {
    const auto info = pki::read_certificate(pem);
    if (!info) {
        return internal_error(info.error());
    }
    auto done = in_transaction(in.state, [&]() -> api_result {
        const auto found = find_certificate(in, info->id);
        if (!found) {
            return found.error();
        }
        if (*found) {
            return api_error{
                409,
                "ResourceAlreadyExistsException",
                "The certificate is already provisioned or registered",
                {{"resourceId", info->id}, {"resourceArn", certificate_arn(in, info->id)}}};
        }
        const auto now = now_milliseconds(in);
        if (auto failed =
                write(in, "iot.store_certificate",
                      "INSERT INTO certificates(id, pem, status, mode, created_at,"
                      " updated_at, not_before, not_after, ca)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
                      {info->id, pem, status, mode, now, to_epoch_milliseconds(info->not_before),
                       to_epoch_milliseconds(info->not_after), text_or_null(ca)})) {
            return *failed;
        }
        return success;
    });
    if (done && status == "ACTIVE") {
        in.changes.certificate_changed(info->id);  // it may have been deleted, and be a group's
    } else {
        in.changes.changed();
    }
    return done;
}

answer<std::string> insert_certificate(registry& in, const std::string& pem,
                                       const std::string& status) {
    const auto info = pki::read_certificate(pem);
    if (!info) {
        return internal_error(info.error());
    }
    if (auto failed = write(
            in, "iot.insert_certificate",
            "INSERT INTO certificates(id, pem, status, mode, created_at, updated_at,"
            " not_before, not_after) VALUES(?1, ?2, ?3, 'DEFAULT', ?4, ?4, ?5, ?6)",
            {info->id, pem, status, now_milliseconds(in), to_epoch_milliseconds(info->not_before),
             to_epoch_milliseconds(info->not_after)})) {
        return *failed;
    }
    return info->id;
}

answer<std::string> registered_status(const call& from) {
    auto status = string_member(from.input, "status").value_or(wanted_status(from));
    if (status != "ACTIVE" && status != "INACTIVE" && status != "REVOKED") {
        return invalid_request("status must be ACTIVE, INACTIVE or REVOKED, not " + status + ".");
    }
    return status;
}

std::string wanted_status(const call& from) {
    return bool_member(from.input, "setAsActive").value_or(false) ? "ACTIVE" : "INACTIVE";
}

}  // namespace evergrass::cloud::iot

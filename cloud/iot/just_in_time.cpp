#include "cloud/iot/just_in_time.hpp"

#include "cloud/iot/ca_certificates.hpp"
#include "cloud/iot/new_certificate.hpp"
#include "libs/pki/pki.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace evergrass::cloud {
namespace {

constexpr int most_strangers_waiting = 64;

// The CA that registers by itself what it signed.
std::optional<iot::ca_record> automatic_ca(registry& in, const std::string& pem) {
    const auto names = pki::digest_names(pem);
    if (!names) {
        return std::nullopt;
    }
    const auto hold = in.state.db().lock();
    const auto candidates = iot::cas_of_subject(in, names->issuer);
    if (!candidates) {
        return std::nullopt;
    }
    for (const auto& each : *candidates) {
        if (!each.auto_registration || each.status != "ACTIVE") {
            continue;
        }
        if (const auto by_it = pki::is_signed_by(pem, each.pem); by_it && *by_it) {
            return each;
        }
    }
    return std::nullopt;
}

}  // namespace

just_in_time::just_in_time(registry& in, boost::asio::any_io_executor blocking,
                           std::function<void(std::string, std::string)> say, logger log)
    : in_(in), blocking_(std::move(blocking)), say_(std::move(say)), log_(std::move(log)) {}

void just_in_time::consider(std::string certificate_pem) {
    if (waiting_.fetch_add(1) >= most_strangers_waiting) {
        waiting_.fetch_sub(1);
        return;
    }
    boost::asio::post(blocking_, [this, pem = std::move(certificate_pem)] {
        consider_now(pem);
        waiting_.fetch_sub(1);
    });
}

void just_in_time::consider_now(const std::string& pem) {
    const auto ca = automatic_ca(in_, pem);
    const auto info = pki::read_certificate(pem);
    if (!ca || !info) {
        return;
    }
    const auto stored =
        iot::store_certificate(in_, pem, "PENDING_ACTIVATION", ca->mode, {}, ca->id);
    if (!stored) {
        // It is there already: revoked, say, or waiting to be activated.
        if (stored.error().status >= 500) {
            log_.error("A certificate could not be registered when its device connected.",
                       {{"certificateId", info->id}, {"error", stored.error().why}});
        }
        return;
    }
    log_.info("A certificate was registered when its device connected; it waits to be activated.",
              {{"certificateId", info->id}, {"caCertificateId", ca->id}});
    const auto now = iot::now_milliseconds(in_);
    const json::object event = {{"certificateId", info->id},
                                {"caCertificateId", ca->id},
                                {"timestamp", now},
                                {"certificateStatus", "PENDING_ACTIVATION"},
                                {"awsAccountId", in_.identity.account},
                                {"certificateRegistrationTimestamp", std::to_string(now)}};
    say_("$aws/events/certificates/registered/" + ca->id, json::serialize(event));
}

}  // namespace evergrass::cloud

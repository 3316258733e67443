#pragma once

#include "cloud/iot/records.hpp"

#include <optional>
#include <string>

// The service has one account: a certificate is transferred to the account that it is in, so that
// tools that offer, accept, reject and cancel can be tried as a whole (docs/iot.md).
namespace evergrass::cloud::iot {

// The status of a certificate that was offered. Nothing but an answer or a cancellation ends it.
inline constexpr std::string_view pending_transfer = "PENDING_TRANSFER";

// The certificate of a transfer that waits for an answer: ResourceNotFoundException of the
// certificate, TransferAlreadyCompletedException where none waits.
answer<certificate_record> require_pending(registry& in, const std::string& id);

// Ends it: the certificate gets the status, and `column` of certificate_transfers the time.
std::optional<api_error> end_transfer(registry& in, const std::string& id,
                                      const std::string& status, std::string_view column,
                                      const std::optional<std::string>& reject_reason);

// transferData of DescribeCertificate; empty: there was no transfer.
answer<json::object> transfer_data(registry& in, const std::string& id);

}  // namespace evergrass::cloud::iot

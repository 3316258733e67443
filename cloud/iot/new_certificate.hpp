#pragma once

#include "cloud/gateway/transaction.hpp"
#include "cloud/iot/registry.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud::iot {

struct issued_certificate {
    std::string id;
    std::string pem;
};

// A device's certificate for that public key, signed by the device CA and valid, as AWS's are, to
// the end of 2049.
answer<issued_certificate> issue_device_certificate(const registry& in, std::string common_name,
                                                    std::string_view public_key_pem);

// Enters a certificate into the registry. ResourceAlreadyExistsException when it is there already.
// `ca`: the registered CA that signed it. Makes its own transaction.
api_result store_certificate(registry& in, const std::string& pem, const std::string& status,
                             const std::string& mode, reply success,
                             const std::optional<std::string>& ca = std::nullopt);

// The row of a certificate of ours, in the caller's transaction: its id.
answer<std::string> insert_certificate(registry& in, const std::string& pem,
                                       const std::string& status);

// ACTIVE or INACTIVE, by the member setAsActive.
std::string wanted_status(const call& from);
// ACTIVE, INACTIVE or REVOKED, by the member `status` or the older setAsActive; INACTIVE when
// neither is there.
answer<std::string> registered_status(const call& from);

}  // namespace evergrass::cloud::iot

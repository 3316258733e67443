#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/gateway/rights.hpp"
#include "cloud/gateway/session_credentials.hpp"
#include "cloud/gateway/signing_keys.hpp"
#include "cloud/gateway/transaction.hpp"
#include "libs/aws/sigv4.hpp"
#include "libs/base/time.hpp"
#include "libs/http/message.hpp"

#include <optional>
#include <string>

namespace evergrass::cloud {

// Who signed a request, and for what.
struct caller {
    std::string access_key_id;
    std::string signing_name;  // the credential scope's service
    std::string region;        // as the client has it; opaque (spec/cloud.md §6.1)
    access_role role = access_role::read_only;  // of the key; of temporary credentials, no matter
    // Of temporary credentials, which may do less (session_may).
    std::optional<session> acting;

    // arn:aws:iam::ACCOUNT:user/KEY, or the session's.
    std::string to_arn(const std::string& account) const;
    // The refusal of who may not perform it: AWS's AccessDeniedException.
    std::optional<api_error> refuse(const std::string& account, std::string_view service,
                                    std::string_view operation) const;
};

// Checks the signature in the Authorization header against the stored secret. The error is AWS's:
// 403 with MissingAuthenticationTokenException, IncompleteSignatureException,
// UnrecognizedClientException, InvalidSignatureException, or ExpiredTokenException of temporary
// credentials, which come with x-amz-security-token. `asked` is as before afterwards, but for a
// body in signed chunks, which is joined. `remembered`: of earlier requests; null: nothing is.
answer<caller> authenticate(store& state, http::request& asked, wall_time now,
                            signing_keys* remembered = nullptr);

// The same in two steps, for who looks at what is claimed before: the second gets what the first
// read of the same request.
answer<aws::authorization> read_authorization(const http::request& asked);
answer<caller> authenticate(store& state, http::request& asked, const aws::authorization& claimed,
                            wall_time now, signing_keys* remembered);

// The same of a signature in the query, as WebSocket clients send it (aws::verify_presigned).
answer<caller> authenticate_presigned(store& state, const http::request& asked, wall_time now);

}  // namespace evergrass::cloud

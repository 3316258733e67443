#pragma once

#include "cloud/gateway/access_keys.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// Who acts with temporary credentials, as STS's AssumeRole has it.
struct session {
    std::string role_arn;
    std::string name;   // RoleSessionName: the core's thing
    wall_time expires;  // whole seconds
    // Of whom they were asked: while it is ACTIVE. Empty: nobody's.
    std::string certificate_id{};

    std::string to_arn() const;  // arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME
};

struct session_credentials {
    access_key key;     // the id begins with ASIA, as AWS's temporary ones
    std::string token;  // x-amz-security-token
};

// Temporary credentials that need no row of their own: the token holds the session, sealed with a
// key of the store's vault and of its setting session_key, from which the secret is derived too. So
// they outlive a restart, and last until `expires` whatever becomes of the role meanwhile, as AWS's
// do; but not longer than the certificate is ACTIVE. Any thread.
result<session_credentials> create_session(store& state, const session& who);

struct opened_session {
    session who;
    std::string secret;
};

// What the token says, expired or not; nullopt: not made here, for another access key id, or its
// certificate is no longer ACTIVE.
result<std::optional<opened_session>> open_session(store& state, std::string_view access_key_id,
                                                   std::string_view token);

bool is_session_key(std::string_view access_key_id);

// What a session may do. The service knows no IAM policies, and a function's credentials must not
// be the keys to the whole fleet: reads of every service (Get…, List…, Describe…) and all of
// iot-data. `service` and `operation` as in models/.
bool session_may(std::string_view service, std::string_view operation);

}  // namespace evergrass::cloud

#pragma once

#include "cloud/gateway/operation.hpp"
#include "cloud/gateway/transaction.hpp"
#include "libs/base/time.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace evergrass::cloud {

// The input member that makes a call idempotent: the header X-Amzn-Client-Token (spec/cloud.md
// §1.1).
inline constexpr std::string_view client_token_member = "AmznClientToken";

// A token has 1 to 64 visible ASCII characters; an empty one counts as none. Else the 400.
std::optional<api_error> check_client_token(const call& from);

// Runs `work` for a call that carries a client token. The same token with the same input is
// answered as before, without running it again, for a day; with other input it is a 400. The reply
// is kept in the same transaction as the operation's changes; an error is not kept. A token has 1
// to 64 visible ASCII characters; an empty one counts as none.
api_result once_per_token(store& state, std::string_view operation_name, const call& from,
                          wall_time now, const operation& work);

}  // namespace evergrass::cloud

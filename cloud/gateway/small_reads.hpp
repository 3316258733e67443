#pragma once

#include <string_view>

namespace evergrass::cloud {

// Operations that read a page of rows or less from the store and do nothing else: no transaction,
// no file, no waiting. The gateway may run them on the thread of the connections
// (gateway::answer_at_once); `service` and `operation` as in models/. False also of what is
// unknown. What they answer depends on their target and the store's rows alone, not on the time or
// on who asks: so the gateway may answer the same while those stay (kept_answers.hpp). An operation
// of which that is not true is none of them.
bool is_small_read(std::string_view service, std::string_view operation);

}  // namespace evergrass::cloud

#pragma once

#include "edge/admin/core_snapshot.hpp"
#include "edge/router/router.hpp"
#include "libs/http/message.hpp"

#include <string>

namespace evergrass::edge {

// Prometheus' text format 0.0.4. Every drop reason has a line, those that never happened too.
std::string metrics_text(router& messages, const core_snapshot& core);

// Answers one request of the core's socket: GET /deploy, /link, /metrics, /status and
// /subscriptions, GET or POST /why (docs/cli.md, "The core's socket"). A wrong one gets 4xx and
// {"message"} with the next step.
http::response admin_answer(const http::request& asked, router& messages,
                            const core_snapshot& core);

}  // namespace evergrass::edge

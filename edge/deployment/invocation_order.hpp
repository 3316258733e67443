#pragma once

#include <string>

namespace evergrass::edge {

// What the service asks this core to run, for somebody's Invoke (docs/core-service-protocol.md).
struct invocation_order {
    std::string id;
    std::string function;        // ARN; without a version: the deployed one
    std::string client_context;  // base64 of a JSON object, or empty
    std::string payload;
    bool event = false;  // the result is not waited for
    bool wants_tail = false;
};

struct invocation_outcome {
    // success, handled, unhandled, accepted, not-found, invalid or busy
    std::string kind;
    std::string body;      // of the last three: why
    std::string version;   // that ran; empty: none did
    std::string log_tail;  // at most 4 KiB
};

}  // namespace evergrass::edge

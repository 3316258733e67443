#pragma once

#include "libs/http/message.hpp"

#include <string>

namespace evergrass::cloud::upstream {

// What an answer of AWS's JSON protocols says of why it is none. Pure.
struct refusal {
    std::string code;     // "ResourceNotFoundException"; empty: it does not say
    std::string message;  // may be empty
    int status = 0;

    // The same request may succeed later.
    bool may_pass() const { return status == 429 || status >= 500; }
    // "HTTP 404, ResourceNotFoundException: Function not found"
    std::string to_string() const;
};

refusal read_refusal(const http::response& answer);

}  // namespace evergrass::cloud::upstream

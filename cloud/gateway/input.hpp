#pragma once

#include "cloud/gateway/router.hpp"
#include "cloud/gateway/validation.hpp"
#include "libs/http/message.hpp"

#include <string>
#include <vector>

namespace evergrass::cloud {

struct call_input {
    json::object members;  // call::input
    std::string payload;   // call::payload
};

// Collects an operation's input from path, query, headers and body by the model, checked. The
// answer is empty and `into` complete, or it says what is wrong. Takes the body out of `asked` when
// that is the raw payload.
std::vector<violation> read_input(const service_model& model, const route_match& route,
                                  http::request& asked, call_input& into);

}  // namespace evergrass::cloud

#pragma once

#include "cloud/gateway/model.hpp"
#include "cloud/gateway/operation.hpp"
#include "libs/http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

struct shaped_reply {
    http::response response;
    // Members that the operation answered with and the model doesn't have; they aren't sent.
    std::vector<std::string> unknown;
};

// Puts each output member where the model says: body, header, status or raw payload. Members that
// are null are left out, at every depth.
shaped_reply shape_reply(const service_model& model, const modelled_operation& operation,
                         reply answered);

// What gets Retry-After: over a limit, or a disk that may have space again.
bool may_be_tried_again(const api_error& refused);

// AWS's form of an error: `x-amzn-ErrorType` (not for an empty code) and `{"message", "Message"}`.
http::response shape_error(const api_error& refused);

}  // namespace evergrass::cloud

#pragma once

#include "cloud/gateway/transaction.hpp"
#include "libs/http/message.hpp"

namespace evergrass::cloud::objects {

// What GetObject says again of what the request that made the object said: content-type and its
// kind, and x-amz-meta-*, whose names and values together have 2048 bytes at most
// (MetadataTooLarge).
answer<json::object> kept_headers(const http::fields& sent);

}  // namespace evergrass::cloud::objects

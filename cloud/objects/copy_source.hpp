#pragma once

#include "cloud/objects/object_store.hpp"
#include "libs/http/message.hpp"

namespace evergrass::cloud::objects {

struct copy_source {
    std::string bucket;
    std::string key;
    object found;
};

// The object that x-amz-copy-source names (/BUCKET/KEY, percent-encoded), under the conditions of
// x-amz-copy-source-if-match and -if-none-match. InvalidArgument, PreconditionFailed, and those of
// object_store::find.
answer<copy_source> find_copy_source(object_store& in, const http::fields& asked);

}  // namespace evergrass::cloud::objects

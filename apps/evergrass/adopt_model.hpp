#pragma once

#include "apps/evergrass/object_client.hpp"
#include "libs/v1_core/import_request.hpp"

namespace evergrass::cli {

// A model of an adopted core as the object that its resource names (docs/objects.md), in a bucket
// that is made for it. False: there is an object, which stays. A folder is packed as the key's end
// says; the archive is whole at the service or not there.
boost::asio::awaitable<result<bool>> put_adopted_model(object_client& objects,
                                                       v1::model_source model);

}  // namespace evergrass::cli

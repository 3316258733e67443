#pragma once

#include "apps/evergrass_cloud/options.hpp"
#include "libs/base/result.hpp"

namespace evergrass::cloud {

// `keys create`: makes an access key and prints it; the secret is shown this once. Works beside a
// running service, which takes the key at once.
result<void> create_key(const keys_options& options);

// `keys list`: ids, without secrets.
result<void> list_keys(const keys_options& options);

}  // namespace evergrass::cloud

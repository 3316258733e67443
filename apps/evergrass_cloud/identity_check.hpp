#pragma once

#include "cloud/store/store.hpp"

namespace evergrass::cloud {

// Region and account stand in every ARN that the store holds: the first start fixes them, and a
// start with others is an error that names both.
result<void> check_identity(store& state, const service_identity& identity);

}  // namespace evergrass::cloud

#pragma once

#include "cloud/jobs/job_changes.hpp"
#include "libs/base/time.hpp"

#include <string>

namespace evergrass::cloud {

// Signs URLs of this service's own objects, which are named as S3 names them, or by this service's
// address: `endpoint()` is its `host[:port]`, asked for each URL. The URL ends with the temporary
// credentials of the role with which it is signed; these may read objects and no more is given
// away, as their secret stays here. `state` and `time` outlive it.
job_url_signer sign_object_urls(store& state, const service_identity& identity, const clock& time,
                                std::function<std::string()> endpoint);

}  // namespace evergrass::cloud

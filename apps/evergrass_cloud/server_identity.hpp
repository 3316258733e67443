#pragma once

#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/rt/stream.hpp"

#include <memory>
#include <string>
#include <vector>

namespace evergrass::cloud {

// The certificate that our listeners show: issued by our CA at start, and again while we run, long
// before it expires. Used on one thread.
class server_identity {
public:
    server_identity(rt::tls_identity authority, std::vector<std::string> names, logger log,
                    std::shared_ptr<const clock> time = std::make_shared<clock>());

    // A source of contexts for one listener: `options` with our present certificate. The first one
    // is made at once, so that a fault shows at start.
    result<rt::listener::context_source> source(rt::tls_server_options options);

private:
    struct shared;
    std::shared_ptr<shared> shared_;
};

}  // namespace evergrass::cloud

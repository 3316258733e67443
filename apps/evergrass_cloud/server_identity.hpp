#pragma once

#include "libs/base/log.hpp"
#include "libs/base/time.hpp"
#include "libs/rt/server_tls.hpp"
#include "libs/rt/stream.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace evergrass::cloud {

// The certificate that our listeners show: issued by our CA at start, and again while we run, long
// before it expires. Each source is used on one thread, which need not be the others'.
class server_identity {
public:
    server_identity(rt::tls_identity authority, std::vector<std::string> names, logger log,
                    std::shared_ptr<const clock> time = std::make_shared<clock>());

    // A source of contexts for one listener: `options` with our present certificate. The first one
    // is made at once, so that a fault shows at start.
    result<rt::listener::context_source> source(rt::tls_server_options options);
    // The same for a listener of mqtt::server.
    using server_tls_source = std::function<std::shared_ptr<const rt::server_tls>()>;
    result<server_tls_source> server_source(rt::server_tls_settings settings);

private:
    struct shared;
    template <class Made, class Settings>
    static result<std::function<Made()>> renewing(
        const std::shared_ptr<shared>& from, Settings settings,
        std::function<result<Made>(const Settings&)> make);
    std::shared_ptr<shared> shared_;
};

}  // namespace evergrass::cloud

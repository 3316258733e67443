#pragma once

#include "edge/credentials/aws_credentials.hpp"
#include "libs/http/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

namespace evergrass::edge {

// Where credentials come from. fetch() goes to the network each time; credential_provider is what
// remembers. Errors say what to do: errc::not_found: there is no role; errc::denied: refused;
// errc::unavailable, timed_out: goes away by itself. One executor.
class credential_source {
public:
    virtual ~credential_source() = default;
    // For the log: "the service", "the role alias A at HOST".
    virtual std::string name() const = 0;
    virtual boost::asio::awaitable<result<aws_credentials>> fetch() = 0;
};

// One HTTPS server that knows the core by its certificate.
struct credential_server {
    std::string host;
    std::uint16_t port = 443;
    // Asked before each connection, so that certificates changed on disk are taken up.
    std::function<result<std::shared_ptr<rt::tls_context>>()> tls;
    std::shared_ptr<const rt::http_proxy> proxy = nullptr;  // null: directly
};

// GET of `target` with mutual TLS, for the sources: an answer of 200 is read, others are errors
// with what the server said. At most 30 s.
boost::asio::awaitable<result<aws_credentials>> fetch_credentials(credential_server from,
                                                                  http::request ask);

// Our own service, for the role of the core's group: docs/core-service-protocol.md.
std::shared_ptr<credential_source> make_service_source(credential_server service,
                                                       std::string thing);

// AWS IoT's credentials provider: GET /role-aliases/ALIAS/credentials.
std::shared_ptr<credential_source> make_role_alias_source(credential_server endpoint,
                                                          std::string alias, std::string thing);

}  // namespace evergrass::edge

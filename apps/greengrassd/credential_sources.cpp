#include "apps/greengrassd/credential_sources.hpp"

#include "apps/greengrassd/identity.hpp"

#include <charconv>

namespace evergrass::greengrassd {
namespace {

// "host" or "host:port", as parse_credential_setting let it through.
edge::credential_server server_of(const std::string& endpoint) {
    edge::credential_server server;
    const auto colon = endpoint.find(':');
    server.host = endpoint.substr(0, colon);
    if (colon != std::string::npos) {
        std::from_chars(endpoint.data() + colon + 1, endpoint.data() + endpoint.size(),
                        server.port);
    }
    return server;
}

}  // namespace

std::shared_ptr<edge::credential_source> credential_source_of(
    const edge::core_config& config, std::shared_ptr<const edge::core_keys> keys,
    const contract::credential_setting& setting) {
    if (setting.issuer != contract::credential_issuer::role_alias) {
        return edge::make_service_source({config.gg_host, config.gg_http_port,
                                          [config, keys] {
                                              return client_context(
                                                  config, *keys,
                                                  alpn_for(config.gg_http_port, "x-amzn-http-ca"));
                                          },
                                          proxy_of(config)},
                                         config.thing_name);
    }
    auto server = server_of(setting.endpoint);
    server.proxy = proxy_of(config);
    server.tls = [config, keys]() -> result<std::shared_ptr<rt::tls_context>> {
        auto context = client_context(config, *keys, {});
        if (context) {
            boost::system::error_code failed;
            (*context)->set_default_verify_paths(failed);
            if (failed) {
                return error{failed, "the system's CA certificates"};
            }
        }
        return context;
    };
    return edge::make_role_alias_source(std::move(server), setting.alias, config.thing_name);
}

}  // namespace evergrass::greengrassd

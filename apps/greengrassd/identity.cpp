#include "apps/greengrassd/identity.hpp"

#include "libs/base/file.hpp"

namespace evergrass::greengrassd {
namespace {

constexpr std::size_t max_pem_bytes = 1024 * 1024;

}  // namespace

std::vector<std::string> alpn_for(std::uint16_t port, const char* protocol) {
    return port == 443 ? std::vector<std::string>{protocol} : std::vector<std::string>{};
}

result<std::shared_ptr<rt::tls_context>> client_context(const edge::core_config& config,
                                                        const edge::core_keys& keys,
                                                        std::vector<std::string> alpn) {
    rt::tls_client_options options;
    auto ca = read_file(config.ca_path, max_pem_bytes);
    if (!ca) {
        return with_context(ca.error(), "a file that config.json names");
    }
    options.ca_pem = std::move(*ca);
    options.alpn = std::move(alpn);
    const auto identity = keys.identity();
    if (!identity) {
        return identity.error();
    }
    auto made = rt::make_client_context(options);
    const auto named = config.certificate_path.string() + " and " + config.private_key.shown();
    if (!made) {
        return with_context(made.error(), named);
    }
    if (const auto used = rt::use_identity((*made)->native_handle(), *identity); !used) {
        return with_context(used.error(), named);
    }
    return made;
}

std::shared_ptr<const rt::http_proxy> proxy_of(const edge::core_config& config) {
    if (!config.proxy) {
        return nullptr;
    }
    auto proxy = std::make_shared<rt::http_proxy>(*config.proxy);
    proxy->tls = [file = config.ca_path]() -> result<std::shared_ptr<rt::tls_context>> {
        rt::tls_client_options options;
        auto read = read_file(file, max_pem_bytes);
        if (!read) {
            return with_context(read.error(), "a file that config.json names");
        }
        options.ca_pem = std::move(*read);
        return rt::make_client_context(options);
    };
    return proxy;
}

}  // namespace evergrass::greengrassd

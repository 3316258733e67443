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
                                                        std::vector<std::string> alpn) {
    rt::tls_client_options options;
    rt::tls_identity identity;
    for (const auto& [path, pem] : {std::pair(&config.ca_path, &options.ca_pem),
                                    std::pair(&config.certificate_path, &identity.chain_pem),
                                    std::pair(&config.private_key_path, &identity.key_pem)}) {
        auto read = read_file(*path, max_pem_bytes);
        if (!read) {
            return with_context(read.error(), "a file that config.json names");
        }
        *pem = std::move(*read);
    }
    options.identity = std::move(identity);
    options.alpn = std::move(alpn);
    auto made = rt::make_client_context(options);
    if (!made) {
        return with_context(made.error(), config.certificate_path.string() + " and " +
                                              config.private_key_path.string());
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

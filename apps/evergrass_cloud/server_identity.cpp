#include "apps/evergrass_cloud/server_identity.hpp"

#include "libs/pki/pki.hpp"

#include <chrono>

namespace evergrass::cloud {
namespace {

// Below the 398 days that strict clients allow a server.
constexpr std::chrono::hours certificate_life{24 * 397};
constexpr std::chrono::hours renew_after{24 * 30};

}  // namespace

struct server_identity::shared {
    rt::tls_identity authority;
    std::vector<std::string> names;
    logger log;
    std::shared_ptr<const clock> time;
    std::string key_pem = pki::generate_rsa_key();

    result<std::shared_ptr<rt::tls_context>> make_context(rt::tls_server_options options) const {
        const auto public_key = pki::public_key_of(key_pem);
        if (!public_key) {
            return public_key.error();
        }
        pki::certificate_request wanted;
        wanted.common_name = "evergrass-cloud";
        wanted.organization = "Evergrass";
        wanted.names = names;
        wanted.for_server = true;
        // Clients' clocks may be behind ours.
        wanted.not_before = time->now() - std::chrono::hours(24);
        wanted.not_after = time->now() + certificate_life;
        auto certificate = pki::issue(wanted, *public_key, authority.chain_pem, authority.key_pem);
        if (!certificate) {
            return with_context(certificate.error(), "cannot issue the server certificate");
        }
        options.identity = {std::move(*certificate), key_pem};
        return rt::make_server_context(options);
    }
};

server_identity::server_identity(rt::tls_identity authority, std::vector<std::string> names,
                                 logger log, std::shared_ptr<const clock> time)
    : shared_(std::make_shared<shared>(
          shared{std::move(authority), std::move(names), std::move(log), std::move(time)})) {}

result<rt::listener::context_source> server_identity::source(rt::tls_server_options options) {
    auto first = shared_->make_context(options);
    if (!first) {
        return first.error();
    }
    const auto now = shared_->time->mono_now();
    return rt::listener::context_source([shared = shared_, options = std::move(options),
                                         current = std::move(*first), made_at = now]() mutable {
        const auto now = shared->time->mono_now();
        if (now - made_at > renew_after) {
            made_at = now;
            if (auto renewed = shared->make_context(options)) {
                current = std::move(*renewed);
            } else {
                shared->log.error("Cannot renew the server certificate; the old one stays.",
                                  {{"error", renewed.error()}});
            }
        }
        return current;
    });
}

}  // namespace evergrass::cloud

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

    // Our key with a new certificate.
    result<rt::tls_identity> make_identity() const {
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
        return rt::tls_identity{std::move(*certificate), key_pem};
    }
};

server_identity::server_identity(rt::tls_identity authority, std::vector<std::string> names,
                                 logger log, std::shared_ptr<const clock> time)
    : shared_(std::make_shared<shared>(
          shared{std::move(authority), std::move(names), std::move(log), std::move(time)})) {}

template <class Made, class Settings>
result<std::function<Made()>> server_identity::renewing(
    const std::shared_ptr<shared>& from, Settings settings,
    std::function<result<Made>(const Settings&)> make) {
    const auto made_anew = [](const shared& by, Settings& with, const auto& maker) -> result<Made> {
        auto shown = by.make_identity();
        if (!shown) {
            return shown.error();
        }
        with.identity = std::move(*shown);
        return maker(with);
    };
    auto first = made_anew(*from, settings, make);
    if (!first) {
        return first.error();
    }
    return std::function<Made()>([from, make, made_anew, settings = std::move(settings),
                                  current = std::move(*first),
                                  made_at = from->time->mono_now()]() mutable {
        const auto now = from->time->mono_now();
        if (now - made_at > renew_after) {
            made_at = now;
            if (auto renewed = made_anew(*from, settings, make)) {
                current = std::move(*renewed);
            } else {
                from->log.error("Cannot renew the server certificate; the old one stays.",
                                {{"error", renewed.error()}});
            }
        }
        return current;
    });
}

result<rt::listener::context_source> server_identity::source(rt::tls_server_options options) {
    return renewing<std::shared_ptr<rt::tls_context>, rt::tls_server_options>(
        shared_, std::move(options), rt::make_server_context);
}

result<server_identity::server_tls_source> server_identity::server_source(
    rt::server_tls_settings settings) {
    return renewing<std::shared_ptr<const rt::server_tls>, rt::server_tls_settings>(
        shared_, std::move(settings),
        [sessions = rt::tls_sessions()](const rt::server_tls_settings& with) {
            return rt::server_tls::make(with, sessions);
        });
}

}  // namespace evergrass::cloud

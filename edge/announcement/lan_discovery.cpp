#include "edge/announcement/lan_discovery.hpp"

#include "edge/announcement/announced_core.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/file.hpp"
#include "libs/http/server.hpp"
#include "libs/pki/signed_document.hpp"
#include "libs/rt/stream.hpp"

#include <chrono>
#include <utility>

namespace evergrass::edge {

namespace asio = boost::asio;

namespace {

// Anybody on the network may ask; a device asks once.
http::server_options server_limits() {
    http::server_options options;
    options.max_header_bytes = 4 * 1024;
    options.max_body_bytes = 0;
    options.idle_timeout = std::chrono::milliseconds(5'000);
    options.header_timeout = std::chrono::milliseconds(5'000);
    options.max_connections = 64;
    options.max_connections_per_address = 8;
    return options;
}

http::response plain_text(int status, std::string text) {
    http::response answer;
    answer.status = status;
    answer.headers.add("content-type", "text/plain");
    answer.body = std::move(text);
    return answer;
}

}  // namespace

class lan_discovery::implementation
    : public std::enable_shared_from_this<lan_discovery::implementation> {
public:
    implementation(asio::any_io_executor executor, lan_settings settings, logger log)
        : executor_(std::move(executor)),
          settings_(std::move(settings)),
          log_(std::move(log)),
          server_(
              server_limits(), [this](http::request asked) { return answer(this, asked); }, log_) {}

    result<void> open() {
        rt::listen_options options;
        options.address = settings_.address;
        options.port = settings_.port;
        auto opened = rt::listener::open_plain(
            executor_, options,
            [this](rt::plain_connection connection) { server_.serve(std::move(connection)); },
            log_);
        if (!opened) {
            return opened.error();
        }
        listening_ = std::move(*opened);
        log_.info("The group's discovery document is served on the local network.",
                  {{"address", settings_.address}, {"port", listening_->port()}});
        return {};
    }

    std::uint16_t port() const { return listening_ ? listening_->port() : 0; }

    void publish(const contract::manifest& group, json::array connectivity,
                 const lan_signer& signer) {
        if (!listening_) {
            return;
        }
        const auto document = discovery_document(group, std::move(connectivity));
        auto made_from = sha256_hex(document + signer.chain_pem);
        if (document_ && made_from == made_from_) {
            return;
        }
        auto made = pki::sign_document(document, signer.chain_pem, signer.key);
        if (!made) {
            log_.error("The group's discovery document cannot be signed.",
                       {{"reason", made.error()}});
            withdraw();
            return;
        }
        document_ = std::move(*made);
        made_from_ = std::move(made_from);
        announce(avahi_service(settings_.thing, group.group_id, port()));
    }

    void withdraw() {
        document_.reset();
        announced_.clear();
        if (!settings_.avahi_services.empty()) {
            std::error_code ignored;
            std::filesystem::remove(service_file(), ignored);
        }
    }

    asio::awaitable<void> stop() {
        const auto self = shared_from_this();
        withdraw();
        if (listening_) {
            listening_->stop();
        }
        co_await server_.stop(std::chrono::milliseconds(100));
    }

private:
    static asio::awaitable<http::response> answer(implementation* self, http::request asked) {
        if (asked.path() != announced_path) {
            co_return plain_text(404, "Ask for " + std::string(announced_path) + ".\n");
        }
        if (asked.method != "GET") {
            co_return plain_text(405, "GET alone is answered.\n");
        }
        if (!self->document_) {
            co_return plain_text(404, "This core has no group yet.\n");
        }
        http::response found;
        found.headers.add("content-type", "application/x-pem-file");
        found.body = *self->document_;
        co_return found;
    }

    std::filesystem::path service_file() const {
        return settings_.avahi_services / avahi_file_name(settings_.thing);
    }

    void announce(std::string service) {
        if (settings_.avahi_services.empty() || service == announced_) {
            return;
        }
        if (auto written = write_file_atomically(service_file(), service); !written) {
            log_.error(
                "The core is not announced on the local network: avahi-daemon's folder "
                "cannot be written. Install avahi-daemon, or set "
                "lanDiscovery.avahiServices to \"\".",
                {{"folder", settings_.avahi_services.string()}, {"reason", written.error()}});
            return;
        }
        announced_ = std::move(service);
    }

    asio::any_io_executor executor_;
    lan_settings settings_;
    logger log_;
    http::server server_;
    std::unique_ptr<rt::listener> listening_;
    std::optional<std::string> document_;  // signed
    std::string made_from_;
    std::string announced_;
};

lan_discovery::lan_discovery(asio::any_io_executor executor, lan_settings settings, logger log)
    : implementation_(std::make_shared<implementation>(std::move(executor), std::move(settings),
                                                       std::move(log))) {}

lan_discovery::~lan_discovery() = default;

result<void> lan_discovery::open() {
    return implementation_->open();
}

std::uint16_t lan_discovery::port() const {
    return implementation_->port();
}

void lan_discovery::publish(const contract::manifest& group, json::array connectivity,
                            const lan_signer& signer) {
    implementation_->publish(group, std::move(connectivity), signer);
}

void lan_discovery::withdraw() {
    implementation_->withdraw();
}

asio::awaitable<void> lan_discovery::stop() {
    return implementation_->stop();
}

}  // namespace evergrass::edge

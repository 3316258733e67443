#pragma once

#include "contract/manifest.hpp"
#include "edge/deployment/deployment_store.hpp"
#include "edge/deployment/invocation_order.hpp"
#include "libs/base/result.hpp"
#include "libs/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace evergrass::edge {

struct service_settings {
    std::string host;  // ggHost
    std::uint16_t port = 8443;
    std::string thing;
    // Asked before each connection, so that certificates changed on disk are taken up.
    std::function<result<std::shared_ptr<rt::tls_context>>()> tls;
    std::shared_ptr<const rt::http_proxy> proxy = nullptr;  // null: directly
    // Counts the changes of what `tls` reads: a connection of an earlier one is not used for
    // another call. Null: never.
    std::shared_ptr<const std::uint64_t> identity_changes = nullptr;
};

// The core's side of docs/core-service-protocol.md, one call a row of its table. Errors say what to
// do: errc::denied for refusals of the service, errc::unavailable for what goes away by itself. One
// call at a time, on one executor.
class service_client {
public:
    service_client(boost::asio::any_io_executor executor, service_settings settings);

    struct poll_answer {
        std::optional<contract::signed_manifest> deployment;  // nullopt: nothing new
        std::string connectivity_version;                     // of the service's record, or empty
        bool invocations_wait = false;                        // for take_invocation()
        bool denied_changed = false;                          // for fetch_denied()
    };
    // `denied`: the version of denied certificates that holds here; `connectivity`: that of the
    // service's record of addresses. A poll ends when it is another. nullopt: not asked for.
    boost::asio::awaitable<result<poll_answer>> poll_deployment(
        std::string after, int wait_seconds, std::optional<std::string> denied = std::nullopt,
        std::optional<std::string> connectivity = std::nullopt);
    // Signed: whose certificates are no longer ACTIVE (denied_certificates.hpp).
    boost::asio::awaitable<result<contract::signed_manifest>> fetch_denied(std::string nonce);
    boost::asio::awaitable<result<std::string>> fetch_signing_key();
    boost::asio::awaitable<result<void>> fetch_artifact(std::string sha256,
                                                        std::filesystem::path destination,
                                                        std::uint64_t max_bytes);
    boost::asio::awaitable<result<void>> report(status_report what);
    // Replaces what was detected before; the record's version.
    boost::asio::awaitable<result<std::string>> put_connectivity(json::array entries);
    // `body`: {"logs": […]}
    boost::asio::awaitable<result<void>> send_logs(std::string body);

    // The values that the deployment's secrets have now (edge/secrets/new_secrets.hpp). nullopt:
    // still those of `version`, which an earlier answer named, or there are none. `seal_for`: the
    // public key, in PEM, whose private half is to open them.
    boost::asio::awaitable<result<std::optional<contract::signed_manifest>>> fetch_secrets(
        std::string version, std::string seal_for);

    // nullopt: none came within the wait, 0 to 60 s.
    boost::asio::awaitable<result<std::optional<invocation_order>>> take_invocation(
        int wait_seconds);
    boost::asio::awaitable<result<void>> tell_outcome(std::string id, invocation_outcome outcome);

    // The connection of the last certificate on disk, for server_certificate.
    result<http::client*> connection();
    // After a failure: the next call connects anew, with what is on disk then.
    void drop_connection() { client_.reset(); }

private:
    std::string path(std::string_view tail) const;
    boost::asio::awaitable<result<http::response>> send(http::request ask);
    // An answer other than 200 is an error.
    boost::asio::awaitable<result<void>> tell_service(http::request what);

    boost::asio::any_io_executor executor_;
    service_settings settings_;
    std::unique_ptr<http::client> client_;
    std::uint64_t identity_ = 0;  // identity_changes when client_ was made
};

}  // namespace evergrass::edge

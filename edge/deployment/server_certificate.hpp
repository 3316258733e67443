#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/client.hpp"
#include "libs/pki/pki.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// What the certificate at hand was made for.
struct certificate_purpose {
    std::vector<std::string> names;    // addresses and host names, sorted
    std::string authority;             // SHA-256 of the group CA's PEM
    std::string connectivity_version;  // of the service's record, when it told

    bool operator==(const certificate_purpose&) const = default;
};

// Why a new certificate is wanted now, or nullopt: none yet, another purpose, or past half of its
// life. Pure. `made_for` nullopt: unknown.
std::optional<std::string> renewal_reason(const std::optional<pki::certificate_info>& certificate,
                                          const std::optional<certificate_purpose>& made_for,
                                          const certificate_purpose& wanted, wall_time now);

// The certificate of the local MQTT server: <ggc>/var/state/server/server.crt as V1 had it, its key
// beside it (0600; RSA-2048, made once, unless the owner gave one). Signed by the group's CA at the
// service. Without the service the stored one goes on being used, expired or not: a device then
// decides. Coroutines on one executor; files are replaced in one step.
class server_certificate {
public:
    server_certificate(std::filesystem::path state_directory,
                       std::optional<std::filesystem::path> owners_key, logger log);

    // Chain and key to serve with, when there are both.
    struct identity {
        std::string chain_pem;
        std::string key_pem;
    };
    result<std::optional<identity>> load() const;

    // Asks the service for a certificate when renewal_reason says so. True: a new one is stored.
    boost::asio::awaitable<result<bool>> renew_if_due(http::client& service, std::string thing,
                                                      std::string group_id,
                                                      certificate_purpose wanted, wall_time now);

private:
    result<std::string> key_pem() const;  // makes it at the first call
    std::optional<certificate_purpose> load_purpose() const;
    result<void> save(const std::string& chain_pem, const certificate_purpose& purpose) const;

    std::filesystem::path directory_;
    std::optional<std::filesystem::path> owners_key_;
    logger log_;
};

// The addresses under which devices of this host's networks may reach the core: those of its
// interfaces, loopback, "localhost", the host's name and `listen_address` when it is a specific
// one.
std::vector<std::string> local_names(const std::string& listen_address);

}  // namespace evergrass::edge

#pragma once

#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// What the group's CA lets the core sign, and what the service said with it.
struct delegation {
    std::string certificate_pem;  // CA:TRUE, path length 0
    std::string key_pem;
    wall_time not_before;
    wall_time not_after;
    std::string group_ca;                // SHA-256 of the group CA's PEM
    std::string connectivity_version;    // of the service's record; empty when there was none
    std::vector<std::string> addresses;  // of that record: where else devices reach the core
};

// What a core wants to be signed.
struct delegation_wish {
    std::string thing;
    std::string group_id;
    std::string group_ca_pem;          // the one that signs now
    std::string connectivity_version;  // empty: not known yet
};

// Why the service is to be asked for another one, or nullopt. Pure.
std::optional<std::string> delegation_reason(const std::optional<delegation>& has,
                                             const delegation_wish& wanted, wall_time now);

// The core's own authority below the group's CA, with which its local MQTT server has a certificate
// for as long as the CA lives, with or without a service (docs/local-tls.md). Two files in
// <ggc>/var/state/server (docs/formats/deployment-store.md), each replaced in one step. One
// executor.
class local_authority {
public:
    local_authority(std::filesystem::path directory, logger log)
        : directory_(std::move(directory)), log_(std::move(log)) {}

    // nullopt: none, or one whose files are damaged or don't belong together, which is logged once.
    result<std::optional<delegation>> load();

    // RSA-2048, 0600. Takes some 100 ms the first time, nothing after that.
    result<void> make_key() const;

    // nullopt: the group's owner doesn't want cores to sign; what there was is gone then.
    // errc::not_found: a service that knows nothing of it, or not of this core.
    boost::asio::awaitable<result<std::optional<delegation>>> ask(http::client& service,
                                                                  delegation_wish wanted);

    // For a group that no service knows: an authority that nobody is above, made once and kept; its
    // certificate is the group's CA. What a service gave is replaced.
    result<std::string> make_own(wall_time now);
    // Makes one where there is none. Its certificate; nullopt: it is of a service.
    result<std::optional<std::string>> own_or_make(wall_time now);

private:
    result<std::string> key_pem() const;
    result<delegation> read_files() const;
    result<void> save(const delegation& given) const;
    result<std::optional<delegation>> take(const std::string& answer, const delegation_wish& wanted,
                                           std::string key) const;
    void remove() const;

    std::filesystem::path directory_;
    logger log_;
    std::string trouble_;  // what was logged last
};

}  // namespace evergrass::edge

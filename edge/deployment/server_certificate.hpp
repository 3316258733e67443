#pragma once

#include "edge/deployment/local_authority.hpp"
#include "edge/deployment/seen_time.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/base/time.hpp"
#include "libs/http/client.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/private_key.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::edge {

// What the local MQTT server's certificate is to be.
struct certificate_wish {
    std::string thing;
    std::string group_id;
    std::string group_ca_pem;              // the one that signs now
    std::string connectivity_version;      // of the service's record; empty: not known yet
    std::vector<std::string> local_names;  // addresses and host names of this host
    std::chrono::milliseconds life{7 *
                                   std::chrono::hours(24)};  // 7 to 30 days, the group's setting
};

// What the certificate at hand was made for.
struct certificate_purpose {
    std::vector<std::string> names;    // addresses and host names, sorted
    std::string authority;             // SHA-256 of the PEM of who signed it
    std::string connectivity_version;  // of one that the service made
    bool for_a_clock_behind = false;   // then it lasts as long as who signed it

    bool operator==(const certificate_purpose&) const = default;
};

struct certificate_record {
    certificate_purpose purpose;
    std::optional<wall_time> made_at;  // of one that the core signed itself; else: its start
};

// Why a new certificate is wanted now, or nullopt: none yet, another purpose, or past half of its
// life. Pure. `made` nullopt: unknown.
std::optional<std::string> renewal_reason(const std::optional<pki::certificate_info>& certificate,
                                          const std::optional<certificate_record>& made,
                                          const certificate_purpose& wanted, wall_time now);

// The certificate of the local MQTT server: <ggc>/var/state/server/server.crt as V1 had it, its key
// beside it (0600; RSA-2048, made once, unless the owner gave one). The core signs it itself, with
// the authority that the service gave it (local_authority.hpp); where the service gives none, the
// service signs, and without the service the stored one goes on being used, expired or not: a
// device then decides. Coroutines on one executor; files are replaced in one step.
//
// A certificate is good from the authority's start on, so that a clock that was ahead makes none
// that devices refuse, and is never made to end before the latest time that the core has seen.
// While the clock is known to be behind, nobody can say when it would have to be renewed: then it
// lasts as long as the authority.
class server_certificate {
public:
    // The owner's own key, in a file or a token; null: there is none, and the core makes one.
    using key_source = std::function<result<pki::private_key>()>;

    server_certificate(std::filesystem::path state_directory, key_source owners_key, logger log);

    // Chain and key to serve with, when there are both.
    struct identity {
        std::string chain_pem;
        pki::private_key key;
        wall_time ends;                             // of the first in the chain
        std::optional<wall_time> core_signs_until;  // nullopt: the service signed it
    };
    result<std::optional<identity>> load() const;

    // Makes the keys that are missing: some 100 ms each, where that may block.
    result<void> make_keys() const;

    // As those of local_authority.
    result<std::string> make_own_authority(wall_time now) { return authority_.make_own(now); }
    result<std::optional<std::string>> own_authority_or_make(wall_time now) {
        return authority_.own_or_make(now);
    }

    // True: a new one is stored. False also when there is no authority to sign with.
    result<bool> renew_alone(const certificate_wish& wanted, wall_time now);
    // The same, with a service to ask for the authority, or the certificate where it gives none.
    // After an error of the service renew_alone() goes on with what there is.
    boost::asio::awaitable<result<bool>> renew(http::client& service, certificate_wish wanted,
                                               wall_time now);

private:
    struct stored {
        std::optional<pki::certificate_info> certificate;
        std::optional<certificate_record> record;
    };

    result<pki::private_key> key() const;  // makes it at the first call
    result<stored> look() const;
    std::optional<certificate_record> load_record() const;
    result<void> save(const std::string& chain_pem, const certificate_record& record) const;
    result<bool> sign(const delegation& by, const certificate_wish& wanted, wall_time now);
    boost::asio::awaitable<result<bool>> let_the_service_sign(http::client& service,
                                                              certificate_wish wanted,
                                                              wall_time now);
    void note_time(const time_reading& at, wall_time now);

    std::filesystem::path directory_;
    key_source owners_key_;
    logger log_;
    local_authority authority_;
    seen_time seen_;
    bool there_is_no_authority_ = false;  // the service said so, since the start
    bool told_of_clock_ = false;
};

// The addresses under which devices of this host's networks may reach the core: those of its
// interfaces, loopback, "localhost", the host's name and `listen_address` when it is a specific
// one.
std::vector<std::string> local_names(const std::string& listen_address);

}  // namespace evergrass::edge

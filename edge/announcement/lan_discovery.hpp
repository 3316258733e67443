#pragma once

#include "contract/manifest.hpp"
#include "libs/base/json.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/pki/private_key.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace evergrass::edge {

struct lan_settings {
    std::string address;  // where to listen
    std::uint16_t port = 0;
    std::filesystem::path avahi_services;  // avahi-daemon's folder; empty: nothing is announced
    std::string thing;
};

// What the local MQTT server shows to devices: the document is signed with it.
struct lan_signer {
    std::string chain_pem;
    pki::private_key key;
};

// Serves the group's discovery document on the local network, signed so that a device which knows
// the group's CA alone can check it, and announces it through avahi-daemon (docs/lan-discovery.md).
// Plain HTTP: nothing in it is secret, and what is changed on the way fails the check. One
// executor.
class lan_discovery {
public:
    lan_discovery(boost::asio::any_io_executor executor, lan_settings settings, logger log);
    ~lan_discovery();

    result<void> open();
    std::uint16_t port() const;

    // Serves and announces this from now on. Does nothing where nothing changed.
    void publish(const contract::manifest& group, json::array connectivity,
                 const lan_signer& signer);
    // There is no group, or nothing to sign with: 404, and no announcement.
    void withdraw();

    boost::asio::awaitable<void> stop();  // withdraws too

private:
    class implementation;
    std::shared_ptr<implementation> implementation_;
};

}  // namespace evergrass::edge

// What the core says of itself on its own network: docs/lan-discovery.md.
#include "apps/greengrassd/core.hpp"
#include "edge/deployment/address_detector.hpp"

namespace evergrass::greengrassd {

namespace asio = boost::asio;

void core::make_lan_discovery(asio::any_io_executor executor) {
    if (!config_.lan_discovery) {
        return;
    }
    const auto& asked = *config_.lan_discovery;
    edge::lan_settings settings;
    settings.address = asked.address.empty() ? config_.gg_mqtt_address : asked.address;
    settings.port = asked.port;
    settings.avahi_services = asked.avahi_services;
    settings.thing = config_.thing_name;
    lan_.emplace(std::move(executor), std::move(settings), log_);
}

// The core's work doesn't need it.
void core::open_lan_discovery() {
    if (!lan_) {
        return;
    }
    if (const auto opened = lan_->open(); !opened) {
        log_.error("The group's discovery document is not served on the local network.",
                   {{"reason", opened.error()}});
    }
}

// Signed with what the local MQTT server shows: a device checks both against the group's CA.
void core::announce() {
    if (!lan_) {
        return;
    }
    const auto stored = certificate_.load();
    if (announced_.group_id.empty() || announced_.is_reset() || !stored || !*stored) {
        lan_->withdraw();
        return;
    }
    auto entries =
        edge::detected_entries(edge::device_addresses(config_.gg_mqtt_address), devices_.port());
    lan_->publish(announced_, std::move(entries), {(*stored)->chain_pem, (*stored)->key});
}

}  // namespace evergrass::greengrassd

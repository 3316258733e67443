#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evergrass::mqtt {

// What a message of MQTT 5 may say beside topic and payload (3.3.2.3). Texts are UTF-8 of at most
// 65535 bytes.
struct message_properties {
    bool utf8_payload = false;              // payload format indicator
    std::optional<std::uint32_t> expiry{};  // seconds from publish() on
    std::string content_type{};             // empty: none
    std::string response_topic{};           // empty: none; no wildcards
    std::string correlation_data{};         // any bytes, at most 65535; empty: none
    std::vector<std::pair<std::string, std::string>> user{};

    bool operator==(const message_properties&) const = default;
};

// The same of a message that has come.
struct received_properties : message_properties {
    std::vector<std::uint32_t> subscription_ids;  // of the subscriptions that it came for
};

// Reads publish_view::properties. What is no property ends the list.
received_properties read_properties(std::string_view list);

// The error names the property.
result<void> check_properties(const message_properties& properties);

// As on the wire, without their length in front and without the expiry, which changes while a
// message waits. REQUIRES: check_properties() has no error.
std::string encode_properties(const message_properties& properties);

}  // namespace evergrass::mqtt

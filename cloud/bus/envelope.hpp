#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace evergrass::cloud {

// What one service tells the others. The numbers are the format's.
enum class told : std::uint8_t {
    message = 1,           // to the subscribers of all
    registry_changed = 2,  // what certificates may do was remembered: no longer
    certificate_lost = 3,  // `name`: it is no longer ACTIVE
    things_changed = 4,
    emptied = 5,              // the whole registry
    key_lost = 6,             // `name`: an access key that no longer counts
    keys_changed = 7,         // an access key got an end
    deployment = 8,           // `name`: the core's thing
    client_claimed = 9,       // `name`: a client id whose client comes to the origin
    node_gone = 10,           // `name`: a service that ended without a word
    invocation_waits = 11,    // `name`: the core's thing
    invocation_changed = 12,  // `name`: its id
};

// The payload of a message on the bus, docs/formats/bus.md.
struct envelope {
    told what = told::message;
    std::string origin;         // the service that says it; 1 to 255 bytes
    std::string name;           // at most 65,535 bytes; "" of a message
    std::uint64_t number = 0;   // of a claim: the origin's own
    mqtt::message_ptr message;  // of a message
};

std::string encode_envelope(const envelope& said);
// The same of a message that need not be kept first.
std::string encode_message(std::string_view origin, const mqtt::publication& message);
// Any bytes. errc::invalid_input, or errc::unsupported for those of a later version.
result<envelope> decode_envelope(std::string_view bytes);

}  // namespace evergrass::cloud

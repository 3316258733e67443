#pragma once

#include "libs/mqtt/message.hpp"

#include <memory>
#include <string>

namespace evergrass::mqtt {

// A message whose turn is with one of those that share, of which some may be at other servers. When
// the last copy goes before done(), another member gets it. Any thread.
class share_turn {
public:
    virtual ~share_turn() = default;
    // A member has acknowledged it, or it is given up for all of them. Must not block.
    virtual void done() = 0;
};
using share_turn_ptr = std::shared_ptr<share_turn>;

// Of a server that is one of several: what picks a server for each message of a share, which then
// comes by server::take_turn(). Called on shards' threads, in a client's own order; must not block.
class share_exchange {
public:
    virtual ~share_exchange() = default;
    // The client is connected here and shares `filter`, "$share/NAME/FILTER"; it may be known
    // already. `kept`: its session outlives the connection. `ready` (or null) is released when what
    // is published from now on comes to one of those that share.
    virtual void joined(const std::string& filter, const std::string& client_id, bool kept,
                        const receipt& ready) = 0;
    // No longer; it may not have been there.
    virtual void left(const std::string& filter, const std::string& client_id) = 0;
};

}  // namespace evergrass::mqtt

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::mqtt {

// The topic aliases that a client has given on a connection (MQTT5 3.3.2.3.4). When all are in use,
// the one that was used least recently gets another topic.
class client_aliases {
public:
    struct choice {
        std::uint16_t alias = 0;  // 0: send the topic alone
        bool known = false;       // the receiver knows it: the topic need not be sent
    };

    // A new connection, with aliases 1 to `most`.
    void reset(std::uint16_t most);
    // For a PUBLISH that is sent right away.
    choice choose(std::string_view topic);

private:
    struct entry {
        std::size_t hash;
        std::string topic;
        std::uint64_t used;
    };

    std::vector<entry> entries_;  // alias 1 first
    std::uint16_t most_ = 0;
    std::uint64_t uses_ = 0;
};

}  // namespace evergrass::mqtt

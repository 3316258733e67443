#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace evergrass::edge {

// A message for the cloud, taken to be sent.
struct spooled_message {
    std::uint64_t number = 0;  // 1, 2, ... in this process
    std::string topic;
    std::shared_ptr<const std::string> payload;
};

}  // namespace evergrass::edge

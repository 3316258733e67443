#pragma once

#include "libs/base/per_thread.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace evergrass {

// A UUID v4 of 16 random bytes: those whose bits the version says are overwritten.
std::string uuid_of(std::string_view random);

// UUIDs where one is needed for each of many requests: the kernel is asked once for some hundred.
// For what must be unlike and needs not be a secret. Any thread.
class uuid_source {
public:
    uuid_source();
    std::string next();

private:
    struct stock {
        std::string bytes;
        std::size_t used = 0;
    };
    per_thread<stock> stocks_;
};

}  // namespace evergrass

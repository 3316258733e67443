#pragma once

#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

struct access_key {
    std::string id;      // AKIA and 16 characters of base32, as AWS's
    std::string secret;  // 40 characters
};

// Makes a key that may call every operation. The secret is in the result and in the store only.
// Any thread.
result<access_key> create_access_key(store& state, wall_time now);

// Every key, oldest first: `up` hands the first one to its user.
result<std::vector<access_key>> list_access_keys(store& state);

// The secret that belongs to the id; nullopt: there is no such key.
result<std::optional<std::string>> find_secret(store& state, std::string_view access_key_id);

}  // namespace evergrass::cloud

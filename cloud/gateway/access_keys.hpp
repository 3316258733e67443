#pragma once

#include "cloud/gateway/rights.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/time.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evergrass::cloud {

// docs/access.md. Any thread. What is changed here is in force when the call returns: the next
// request is held against it.

struct access_key {
    std::string id;      // AKIA and 16 characters of base32, as AWS's
    std::string secret;  // 40 characters
};

struct access_key_wish {
    access_role role = access_role::admin;
    std::string name{};  // for people: up to 64 characters, no control characters
};

struct access_key_info {
    std::string id;
    access_role role = access_role::admin;
    std::string name;
    wall_time created;
    std::optional<wall_time> expires;
    std::optional<wall_time> revoked;

    bool is_usable(wall_time now) const { return !revoked && (!expires || *expires > now); }
};

// The secret is in the result alone; the store keeps it sealed. errc::invalid_input: the name.
result<access_key> create_access_key(store& state, wall_time now, const access_key_wish& wish = {});

// Every key, revoked ones too, oldest first.
result<std::vector<access_key_info>> list_access_keys(store& state);
// errc::not_found: there is no such key.
result<access_key_info> find_access_key(store& state, std::string_view access_key_id);

// The key is refused from now on, and stays in the list. Again does nothing.
result<access_key_info> revoke_access_key(store& state, std::string_view access_key_id,
                                          wall_time now);

// Another key with its role and name; the old one counts for `grace` more. errc::conflict: the old
// one is revoked or has expired.
result<access_key> rotate_access_key(store& state, std::string_view access_key_id, wall_time now,
                                     std::chrono::seconds grace);

// A key that signs now. nullopt: there is none of that id, or it is revoked or expired.
struct usable_key {
    std::string secret;
    access_role role = access_role::admin;
};
result<std::optional<usable_key>> find_usable_key(store& state, std::string_view access_key_id,
                                                  wall_time now);

// The same with the secret as it is stored, for who remembers what it made of it: it is the same
// secret as long as these bytes are the same.
struct sealed_key {
    std::string sealed;
    access_role role = access_role::admin;
};
result<std::optional<sealed_key>> find_sealed_key(store& state, std::string_view access_key_id,
                                                  wall_time now);
result<std::string> unseal_secret(store& state, std::string_view access_key_id,
                                  std::string_view sealed);

}  // namespace evergrass::cloud

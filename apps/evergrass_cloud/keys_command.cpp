#include "apps/evergrass_cloud/keys_command.hpp"

#include "apps/evergrass_cloud/data_directory.hpp"
#include "apps/evergrass_cloud/shared_store.hpp"
#include "cloud/gateway/access_keys.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/json.hpp"

#include <iostream>

namespace evergrass::cloud {
namespace {

result<std::unique_ptr<store>> open_keys(const keys_options& options) {
    if (auto prepared = prepare_data_directory(options.data); !prepared) {
        return prepared.error();
    }
    return open_store(options.data, options.store, options.master_key);
}

}  // namespace

result<void> create_key(const keys_options& options) {
    auto state = open_keys(options);
    if (!state) {
        return state.error();
    }
    const access_key_wish wish{*parse_access_role(options.role), options.name};
    const auto key = create_access_key(**state, clock().now(), wish);
    if (!key) {
        return key.error();
    }
    if (options.json) {
        std::cout << to_pretty_json({{"access_key_id", key->id},
                                     {"secret_access_key", key->secret},
                                     {"role", options.role}});
    } else {
        std::cout << "Access key id:     " << key->id << "\nSecret access key: " << key->secret
                  << "\nThe secret is shown this once.\n";
    }
    return {};
}

result<void> list_keys(const keys_options& options) {
    auto state = open_keys(options);
    if (!state) {
        return state.error();
    }
    const auto keys = list_access_keys(**state);
    if (!keys) {
        return keys.error();
    }
    json::array ids;
    for (const auto& key : *keys) {
        ids.emplace_back(key.id);
        if (!options.json) {
            std::cout << key.id << "  " << to_string(key.role) << "  "
                      << (key.is_usable(clock().now()) ? "active" : "ended") << "  " << key.name
                      << "\n";
        }
    }
    if (options.json) {
        std::cout << to_pretty_json({{"access_key_ids", std::move(ids)}});
    }
    return {};
}

}  // namespace evergrass::cloud

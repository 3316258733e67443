#pragma once

#include "apps/evergrass_cloud/options.hpp"
#include "cloud/objects/body_store.hpp"
#include "cloud/store/store.hpp"
#include "libs/base/log.hpp"
#include "libs/base/result.hpp"
#include "libs/db/postgres.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace evergrass::cloud {

// Where the store is: the URL of --store, or service.db in the folder.
std::string store_place(const std::filesystem::path& data, const std::string& store);

// Opens it; master.key of the folder where no other file is named.
result<std::unique_ptr<store>> open_store(const std::filesystem::path& data,
                                          const std::string& store,
                                          const std::filesystem::path& master_key);

// Where that store has the bytes of objects: in the same database, or in objects/ of the folder.
result<std::unique_ptr<objects::body_store>> open_bodies(const std::filesystem::path& data,
                                                         const std::string& store_url, store& state,
                                                         logger log);

// The right to serve from a store that others can reach too; none is needed, and null, for a file.
// With --standby it waits until the one who has it is gone, and for a server that cannot be
// reached. The process ends when the right is lost.
result<std::unique_ptr<db::serving_claim>> claim_store(const service_options& options, logger log);

// The service's keys and authorities (service-data.md) of a store that several folders use: the
// first puts its own there, sealed; the others take them. Of another service's folder:
// errc::conflict.
result<void> share_keys(store& state, const std::filesystem::path& data, wall_time now);

}  // namespace evergrass::cloud

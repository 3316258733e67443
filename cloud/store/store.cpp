#include "cloud/store/store.hpp"

#include "cloud/store/token_master_key.hpp"
#include "libs/db/postgres.hpp"

#include <cstdlib>
#include <utility>

namespace evergrass::cloud {
namespace {

// What a reset leaves: who may call the service, and what makes it this service (its CA and keys).
// The bytes of objects are too many for one transaction; who has the objects removes them.
bool is_kept(std::string_view table) {
    return table == "access_keys" || table == "settings" || table == "audit" ||
           table == "object_bodies" || table == "object_chunks" || table.starts_with("sqlite_");
}

std::string arn_of(const service_identity& identity, std::string_view service,
                   std::string_view resource) {
    std::string arn = "arn:";
    arn.append(identity.partition).append(":").append(service).append(":");
    arn.append(identity.region).append(":").append(identity.account).append(":");
    return arn.append(resource);
}

}  // namespace

result<std::unique_ptr<store>> store::open(const std::string& path,
                                           const std::filesystem::path& master_key_file) {
    auto opened = db::connection::open(path);
    if (!opened) {
        return opened.error();
    }
    if (auto migrated = (*opened)->migrate(migrations()); !migrated) {
        return migrated.error();
    }
    const auto place = master_key_file.empty()
                           ? std::filesystem::path(path).parent_path() / "master.key"
                           : master_key_file;
    const auto master =
        master_key_at(place.string(), [](const char* name) { return std::getenv(name); });
    if (!master) {
        return master.error();
    }
    auto secrets = vault::open(**opened, **master);
    if (!secrets) {
        return secrets.error();
    }
    const auto sealed = seal_open_secrets(**opened, *secrets);
    if (!sealed) {
        return with_context(sealed.error(),
                            "the secrets in " +
                                (db::is_postgres(path) ? db::shown_postgres(path) : path) +
                                " cannot be sealed");
    }
    return std::unique_ptr<store>(new store(std::move(*opened), std::move(*secrets), *sealed));
}

result<void> store::reset() {
    return db_->transaction([&]() -> result<void> {
        std::vector<std::string> tables;
        auto listed =
            db_->query("store.tables", "SELECT name FROM sqlite_master WHERE type='table'", {},
                       [&](const db::row& row) { tables.push_back(row.text(0)); });
        if (!listed) {
            return listed;
        }
        for (const auto& table : tables) {
            if (is_kept(table)) {
                continue;
            }
            // Table names are our migrations', never from outside.
            if (auto emptied = db_->run("store.empty." + table, "DELETE FROM " + table); !emptied) {
                return emptied;
            }
        }
        return {};
    });
}

std::string service_identity::iot_arn(std::string_view resource) const {
    return arn_of(*this, "iot", resource);
}

std::string service_identity::lambda_arn(std::string_view resource) const {
    return arn_of(*this, "lambda", resource);
}

std::string service_identity::greengrass_arn(std::string_view resource) const {
    return arn_of(*this, "greengrass", resource);
}

}  // namespace evergrass::cloud

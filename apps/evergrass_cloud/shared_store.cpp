#include "apps/evergrass_cloud/shared_store.hpp"

#include "apps/evergrass_cloud/data_directory.hpp"
#include "cloud/objects/chunk_bodies.hpp"
#include "cloud/objects/file_bodies.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

namespace evergrass::cloud {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds between_claims{500};
constexpr std::string_view sealed_place = "settings/service_keys";

struct key_file {
    const char* name;
    mode_t mode;
};

// A key before its certificate, as they are made.
constexpr key_file key_files[] = {{"ca.key", 0600},
                                  {"ca.pem", 0644},
                                  {"device-ca.key", 0600},
                                  {"device-ca.pem", 0644},
                                  {"deployment-signing.key", 0600}};

result<void> take_keys(const fs::path& data, const json::object& keys) {
    for (const auto& [name, mode] : key_files) {
        const auto kept = string_member(keys, name);
        if (!kept) {
            return error{errc::corrupt, "the setting 'service_keys' has no " + std::string(name)};
        }
        const auto path = data / name;
        std::error_code missing;
        if (!fs::exists(path, missing)) {
            if (auto written = write_file_atomically(path, *kept, mode); !written) {
                return written;
            }
            continue;
        }
        const auto there = read_file(path);
        if (!there) {
            return there.error();
        }
        if (*there != *kept) {
            return error{errc::conflict,
                         path.string() +
                             " is of another service than this store; start with an empty --data"};
        }
    }
    return {};
}

}  // namespace

std::string store_place(const fs::path& data, const std::string& store) {
    return store.empty() ? (data / "service.db").string() : store;
}

result<std::unique_ptr<store>> open_store(const fs::path& data, const std::string& store,
                                          const fs::path& master_key) {
    return cloud::store::open(store_place(data, store),
                              master_key.empty() ? data / "master.key" : master_key);
}

result<std::unique_ptr<objects::body_store>> open_bodies(const fs::path& data,
                                                         const std::string& store_url, store& state,
                                                         logger log) {
    const auto folder = data / "objects";
    if (store_url.empty()) {
        return std::unique_ptr<objects::body_store>(std::make_unique<objects::file_bodies>(folder));
    }
    auto opened = objects::chunk_bodies::open(state, store_url, folder, std::move(log));
    return opened ? result<std::unique_ptr<objects::body_store>>(std::move(*opened))
                  : opened.error();
}

result<std::unique_ptr<db::serving_claim>> claim_store(const service_options& options, logger log) {
    if (options.store.empty()) {
        return std::unique_ptr<db::serving_claim>();
    }
    const auto lost = [log]() mutable {
        log.error("Another evergrass-cloud serves from the store now; this one ends.");
        // At once, as after a crash: what is answered from now on would not be true.
        std::_Exit(1);
    };
    for (bool told = false;; told = true) {
        const auto kind = options.bus.empty() ? db::claim_kind::alone : db::claim_kind::with_others;
        auto claimed = db::serving_claim::take(options.store, kind, lost, migrations().size());
        const bool is_taken = !claimed && claimed.error().code == errc::conflict;
        if (claimed || !options.standby ||
            (!is_taken && claimed.error().code != errc::unavailable)) {
            if (!is_taken) {
                return claimed;
            }
            return error{errc::conflict,
                         claimed.error().context +
                             (options.bus.empty()
                                  ? "; stop it, or start with --standby to follow it"
                                  : " without --bus; stop it, or start it with the same --bus")};
        }
        if (!told) {
            log.info("Standing by.", {{"reason", claimed.error().context}});
        }
        std::this_thread::sleep_for(between_claims);
    }
}

result<void> share_keys(store& state, const fs::path& data, wall_time now) {
    return state.db().transaction([&]() -> result<void> {
        std::optional<std::string> sealed;
        auto read = state.db().query("keys.shared",
                                     "SELECT value FROM settings WHERE name = 'service_keys'", {},
                                     [&](const db::row& row) { sealed = row.text(0); });
        if (!read) {
            return read;
        }
        if (sealed) {
            const auto opened = state.secrets().unseal(*sealed, sealed_place);
            const auto keys = opened ? parse_json(*opened) : result<json::value>(opened.error());
            if (!keys || !keys->is_object()) {
                return error{errc::corrupt,
                             "the setting 'service_keys' of the store cannot be read; restore a "
                             "backup of the database"};
            }
            return take_keys(data, keys->get_object());
        }
        if (auto made = load_or_make_keys(data, now); !made) {
            return made.error();
        }
        json::object keys;
        for (const auto& each : key_files) {
            auto content = read_file(data / each.name);
            if (!content) {
                return content.error();
            }
            keys[each.name] = std::move(*content);
        }
        return state.db().run(
            "keys.share", "INSERT INTO settings(name, value) VALUES('service_keys', ?1)",
            {db::blob{state.secrets().seal(json::serialize(keys), sealed_place)}});
    });
}

}  // namespace evergrass::cloud

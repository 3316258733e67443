#include "cloud/store/vault.hpp"

#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/base/seal.hpp"

#include <optional>
#include <vector>

namespace evergrass::cloud {
namespace {

struct open_secret {
    std::string id;
    std::string secret;
};

result<std::vector<open_secret>> secrets_of(db::connection& db, std::string_view name,
                                            std::string_view sql) {
    std::vector<open_secret> found;
    auto read = db.query(name, sql, {}, [&](const db::row& row) {
        found.push_back({row.text(0), row.text(1)});
    });
    if (!read) {
        return read.error();
    }
    return found;
}

}  // namespace

result<vault> vault::open(db::connection& db, master_key& master) {
    std::string data_key;
    // A transaction writes: of two programs that start at once, one makes the keys.
    const auto done = db.transaction([&]() -> result<void> {
        std::optional<std::string> wrapped;
        auto read = db.query("vault.read", "SELECT value FROM settings WHERE name = 'data_key'", {},
                             [&](const db::row& row) { wrapped = row.text(0); });
        if (!read) {
            return read;
        }
        if (wrapped) {
            auto raw = base64_decode(*wrapped);
            auto opened = raw ? master.unwrap(*raw) : result<std::string>(raw.error());
            if (!opened) {
                return opened.error();
            }
            data_key = std::move(*opened);
            return {};
        }
        data_key = random_bytes(seal_key_bytes);
        auto made = master.wrap(data_key);
        if (!made) {
            return made.error();
        }
        return db.run("vault.keep", "INSERT INTO settings(name, value) VALUES('data_key', ?1)",
                      {base64_encode(*made)});
    });
    if (!done) {
        return done.error();
    }
    if (data_key.size() != seal_key_bytes) {
        return error{errc::corrupt,
                     "the setting 'data_key' of the database is damaged; restore a backup"};
    }
    return vault(std::move(data_key));
}

std::string vault::seal(std::string_view plain, std::string_view place) const {
    return evergrass::seal(data_key_, plain, place);
}

result<std::string> vault::unseal(std::string_view sealed, std::string_view place) const {
    return evergrass::unseal(data_key_, sealed, place);
}

std::string vault::derive(std::string_view from) const {
    return hmac_sha256(data_key_, from);
}

std::string access_key_place(std::string_view access_key_id) {
    return "access_keys.sealed/" + std::string(access_key_id);
}

std::string authority_place(std::string_view authority_id) {
    return "group_authorities.sealed/" + std::string(authority_id);
}

result<std::size_t> seal_open_secrets(db::connection& db, const vault& sealer) {
    std::size_t count = 0;
    const auto guard = db.lock();
    const auto done = db.transaction([&]() -> result<void> {
        const auto keys = secrets_of(db, "vault.open_keys",
                                     "SELECT id, secret FROM access_keys WHERE secret <> ''");
        if (!keys) {
            return keys.error();
        }
        const auto authorities =
            secrets_of(db, "vault.open_authorities",
                       "SELECT id, key_pem FROM group_authorities WHERE key_pem <> ''");
        if (!authorities) {
            return authorities.error();
        }
        count = keys->size() + authorities->size();
        if (count == 0) {
            return {};
        }
        // What is overwritten is overwritten with zeros.
        if (auto set = db.run("vault.erase", "PRAGMA secure_delete=ON"); !set) {
            return set;
        }
        for (const auto& [id, secret] : *keys) {
            auto sealed = db.run("vault.seal_key",
                                 "UPDATE access_keys SET secret = '', sealed = ?2 WHERE id = ?1",
                                 {id, db::blob{sealer.seal(secret, access_key_place(id))}});
            if (!sealed) {
                return sealed;
            }
        }
        for (const auto& [id, key_pem] : *authorities) {
            auto sealed =
                db.run("vault.seal_authority",
                       "UPDATE group_authorities SET key_pem = '', sealed = ?2 WHERE id = ?1",
                       {id, db::blob{sealer.seal(key_pem, authority_place(id))}});
            if (!sealed) {
                return sealed;
            }
        }
        return {};
    });
    if (!done) {
        return done.error();
    }
    if (count != 0) {
        // Free pages and the log may have copies from before.
        for (const auto& [name, sql] :
             {std::pair("vault.vacuum", "VACUUM"),
              std::pair("vault.empty_log", "PRAGMA wal_checkpoint(TRUNCATE)")}) {
            if (auto erased = db.run(name, sql); !erased) {
                return erased.error();
            }
        }
    }
    return count;
}

}  // namespace evergrass::cloud

#include "cloud/gateway/access_keys.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <algorithm>

namespace evergrass::cloud {
namespace {

// 32 and 64 characters: a random byte's low bits choose among them evenly.
constexpr std::string_view base32_upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view secret_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::size_t longest_name = 64;

std::string random_text(std::size_t length, std::string_view alphabet) {
    auto text = random_bytes(length);
    for (auto& c : text) {
        c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
    }
    return text;
}

wall_time from_milliseconds(std::int64_t since_1970) {
    return wall_time(std::chrono::milliseconds(since_1970));
}

std::optional<wall_time> time_of(const db::row& row, int column) {
    return row.is_null(column) ? std::nullopt
                               : std::optional(from_milliseconds(row.integer(column)));
}

// A role that this build doesn't know may do the least.
access_role role_of(const db::row& row, int column) {
    return parse_access_role(row.text(column)).value_or(access_role::read_only);
}

access_key_info info_of(const db::row& row) {
    return {row.text(0),     role_of(row, 1), row.text(2), from_milliseconds(row.integer(3)),
            time_of(row, 4), time_of(row, 5)};
}

error no_such_key(std::string_view id) {
    return {errc::not_found, "there is no access key '" + std::string(id) +
                                 "'; `evergrass keys list` shows those there are"};
}

result<void> check_name(const std::string& name) {
    const bool plain = std::ranges::all_of(
        name, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
    if (name.size() > longest_name || !plain || !is_utf8(name)) {
        return error{errc::invalid_input,
                     "the name of a key has up to 64 characters, none of them a control character"};
    }
    return {};
}

}  // namespace

result<access_key> create_access_key(store& state, wall_time now, const access_key_wish& wish) {
    if (auto good = check_name(wish.name); !good) {
        return good.error();
    }
    access_key made{"AKIA" + random_text(16, base32_upper), random_text(40, secret_characters)};
    auto stored =
        state.db().run("access_keys.create",
                       "INSERT INTO access_keys(id, secret, role, name, sealed, created_at)"
                       " VALUES(?1, '', ?2, ?3, ?4, ?5)",
                       {made.id, std::string(to_string(wish.role)), wish.name,
                        db::blob{state.secrets().seal(made.secret, access_key_place(made.id))},
                        to_epoch_milliseconds(now)});
    if (!stored) {
        return stored.error();
    }
    return made;
}

result<std::vector<access_key_info>> list_access_keys(store& state) {
    std::vector<access_key_info> keys;
    auto read = state.db().query("access_keys.list",
                                 "SELECT id, role, name, created_at, expires_at, revoked_at"
                                 " FROM access_keys ORDER BY created_at, id",
                                 {}, [&](const db::row& row) { keys.push_back(info_of(row)); });
    if (!read) {
        return read.error();
    }
    return keys;
}

result<access_key_info> find_access_key(store& state, std::string_view access_key_id) {
    std::optional<access_key_info> found;
    auto read = state.db().query(
        "access_keys.find",
        "SELECT id, role, name, created_at, expires_at, revoked_at FROM access_keys WHERE id = ?1",
        {std::string(access_key_id)}, [&](const db::row& row) { found = info_of(row); });
    if (!read) {
        return read.error();
    }
    return found ? result<access_key_info>(std::move(*found)) : no_such_key(access_key_id);
}

result<access_key_info> revoke_access_key(store& state, std::string_view access_key_id,
                                          wall_time now) {
    auto revoked = state.db().run(
        "access_keys.revoke",
        "UPDATE access_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        {std::string(access_key_id), to_epoch_milliseconds(now)});
    if (!revoked) {
        return revoked.error();
    }
    return find_access_key(state, access_key_id);
}

result<access_key> rotate_access_key(store& state, std::string_view access_key_id, wall_time now,
                                     std::chrono::seconds grace) {
    access_key made;
    const auto done = state.db().transaction([&]() -> result<void> {
        const auto old = find_access_key(state, access_key_id);
        if (!old) {
            return old.error();
        }
        if (!old->is_usable(now)) {
            return error{errc::conflict, "the access key " + old->id +
                                             " counts no more; make a new one: `evergrass keys "
                                             "create`"};
        }
        auto fresh = create_access_key(state, now, {old->role, old->name});
        if (!fresh) {
            return fresh.error();
        }
        made = std::move(*fresh);
        const auto until = old->expires ? std::min(*old->expires, now + grace) : now + grace;
        return state.db().run("access_keys.expire",
                              "UPDATE access_keys SET expires_at = ?2 WHERE id = ?1",
                              {old->id, to_epoch_milliseconds(until)});
    });
    if (!done) {
        return done.error();
    }
    return made;
}

result<std::optional<sealed_key>> find_sealed_key(store& state, std::string_view access_key_id,
                                                  wall_time now) {
    std::optional<sealed_key> found;
    auto read = state.db().query(
        "access_keys.usable",
        "SELECT sealed, role FROM access_keys WHERE id = ?1 AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > ?2)",
        {std::string(access_key_id), to_epoch_milliseconds(now)}, [&](const db::row& row) {
            found = sealed_key{row.text(0), role_of(row, 1)};
        });
    if (!read) {
        return read.error();
    }
    return found;
}

result<std::string> unseal_secret(store& state, std::string_view access_key_id,
                                  std::string_view sealed) {
    auto secret = state.secrets().unseal(sealed, access_key_place(access_key_id));
    if (!secret) {
        return with_context(secret.error(),
                            "the secret of the access key " + std::string(access_key_id));
    }
    return secret;
}

result<std::optional<usable_key>> find_usable_key(store& state, std::string_view access_key_id,
                                                  wall_time now) {
    const auto found = find_sealed_key(state, access_key_id, now);
    if (!found) {
        return found.error();
    }
    if (!*found) {
        return std::optional<usable_key>();
    }
    auto secret = unseal_secret(state, access_key_id, (*found)->sealed);
    if (!secret) {
        return secret.error();
    }
    return std::optional(usable_key{std::move(*secret), (*found)->role});
}

}  // namespace evergrass::cloud

#include "cloud/gateway/access_keys.hpp"

#include "libs/base/random.hpp"

namespace evergrass::cloud {
namespace {

// 32 and 64 characters: a random byte's low bits choose among them evenly.
constexpr std::string_view base32_upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view secret_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string random_text(std::size_t length, std::string_view alphabet) {
    auto text = random_bytes(length);
    for (auto& c : text) {
        c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
    }
    return text;
}

}  // namespace

result<access_key> create_access_key(store& state, wall_time now) {
    access_key made{"AKIA" + random_text(16, base32_upper), random_text(40, secret_characters)};
    const auto guard = state.db().lock();
    auto stored = state.db().run(
        "access_keys.create", "INSERT INTO access_keys(id, secret, created_at) VALUES(?1, ?2, ?3)",
        {made.id, made.secret, to_epoch_milliseconds(now)});
    if (!stored) {
        return stored.error();
    }
    return made;
}

result<std::vector<access_key>> list_access_keys(store& state) {
    std::vector<access_key> keys;
    const auto guard = state.db().lock();
    auto read = state.db().query("access_keys.list",
                                 "SELECT id, secret FROM access_keys ORDER BY created_at, id", {},
                                 [&](const db::row& row) {
                                     keys.push_back({row.text(0), row.text(1)});
                                 });
    if (!read) {
        return read.error();
    }
    return keys;
}

result<std::optional<std::string>> find_secret(store& state, std::string_view access_key_id) {
    std::optional<std::string> secret;
    const auto guard = state.db().lock();
    auto read = state.db().query(
        "access_keys.secret", "SELECT secret FROM access_keys WHERE id = ?1",
        {std::string(access_key_id)}, [&](const db::row& row) { secret = row.text(0); });
    if (!read) {
        return read.error();
    }
    return secret;
}

}  // namespace evergrass::cloud

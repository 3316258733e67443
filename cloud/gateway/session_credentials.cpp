#include "cloud/gateway/session_credentials.hpp"

#include "libs/base/arn.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"

#include <array>

namespace evergrass::cloud {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t seal_bytes = 32;
constexpr std::size_t secret_characters = 40;
constexpr std::size_t max_token_bytes = 4096;

// Made at the first use and kept: whoever replaces it ends every session.
result<std::string> session_key(store& state) {
    std::string key;
    const auto done = state.db().transaction([&]() -> result<void> {
        auto made = state.db().run("session_key.make",
                                   "INSERT OR IGNORE INTO settings(name, value)"
                                   " VALUES('session_key', ?1)",
                                   {hex_encode(random_bytes(key_bytes))});
        if (!made) {
            return made;
        }
        return state.db().query("session_key.read",
                                "SELECT value FROM settings WHERE name = 'session_key'", {},
                                [&](const db::row& row) { key = row.text(0); });
    });
    if (!done) {
        return done.error();
    }
    auto raw = hex_decode(key);
    if (!raw || raw->size() != key_bytes) {
        return error{errc::corrupt,
                     "the setting 'session_key' of the service's database is not 64 hexadecimal "
                     "digits; delete that row of the table 'settings' to have a new one made"};
    }
    return state.secrets().derive("session key\n" + *raw);
}

// Of a session that names one.
result<bool> is_active(store& state, const std::string& certificate_id) {
    bool active = certificate_id.empty();
    auto read = state.db().query("session.certificate",
                                 "SELECT 1 FROM certificates WHERE id = ?1 AND status = 'ACTIVE'",
                                 {certificate_id}, [&](const db::row&) { active = true; });
    if (!read) {
        return read.error();
    }
    return active;
}

std::string seal_of(std::string_view key, std::string_view content) {
    return hmac_sha256(key, "evergrass session token\n" + std::string(content));
}

std::string secret_of(std::string_view key, std::string_view content) {
    auto text =
        base64_encode(hmac_sha256(key, "evergrass session secret\n" + std::string(content)));
    text.resize(secret_characters);
    return text;
}

std::string new_key_id() {
    constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string id = "ASIA";
    for (const auto byte : random_bytes(16)) {
        id += base32[static_cast<unsigned char>(byte) % base32.size()];
    }
    return id;
}

std::string content_of(const std::string& id, const session& who) {
    const json::object content{{"id", id},
                               {"role", who.role_arn},
                               {"name", who.name},
                               {"expires", to_epoch_seconds(who.expires)},
                               {"certificate", who.certificate_id}};
    return json::serialize(content);
}

// Of a content whose seal is ours.
std::optional<session> read_content(std::string_view content, std::string_view id) {
    const auto document = parse_json(content);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr || string_member(*object, "id") != id) {
        return std::nullopt;
    }
    return session{string_member(*object, "role").value_or(""),
                   string_member(*object, "name").value_or(""),
                   wall_time(std::chrono::seconds(int_member(*object, "expires").value_or(0))),
                   string_member(*object, "certificate").value_or("")};
}

}  // namespace

std::string session::to_arn() const {
    const auto role = parse_arn(role_arn);
    const auto account = role ? role->account : std::string();
    const auto slash = role_arn.rfind('/');
    const auto role_name = slash == std::string::npos ? role_arn : role_arn.substr(slash + 1);
    return "arn:aws:sts::" + account + ":assumed-role/" + role_name + "/" + name;
}

result<session_credentials> create_session(store& state, const session& who) {
    const auto key = session_key(state);
    if (!key) {
        return key.error();
    }
    session_credentials made;
    made.key.id = new_key_id();
    const auto content = content_of(made.key.id, who);
    made.key.secret = secret_of(*key, content);
    made.token = base64_encode(seal_of(*key, content) + content);
    return made;
}

result<std::optional<opened_session>> open_session(store& state, std::string_view access_key_id,
                                                   std::string_view token) {
    if (token.size() > max_token_bytes) {
        return std::optional<opened_session>();
    }
    const auto raw = base64_decode(token);
    if (!raw || raw->size() <= seal_bytes) {
        return std::optional<opened_session>();
    }
    const auto key = session_key(state);
    if (!key) {
        return key.error();
    }
    const auto content = raw->substr(seal_bytes);
    if (!equal_in_constant_time(seal_of(*key, content), raw->substr(0, seal_bytes))) {
        return std::optional<opened_session>();
    }
    auto who = read_content(content, access_key_id);
    if (!who) {
        return std::optional<opened_session>();
    }
    const auto active = is_active(state, who->certificate_id);
    if (!active) {
        return active.error();
    }
    if (!*active) {
        return std::optional<opened_session>();
    }
    return std::optional(opened_session{std::move(*who), secret_of(*key, content)});
}

bool is_session_key(std::string_view access_key_id) {
    return access_key_id.starts_with("ASIA");
}

bool session_may(std::string_view service, std::string_view operation) {
    constexpr std::array<std::string_view, 4> reads = {"Get", "List", "Describe", "Head"};
    if (service == "iot-data") {
        return true;
    }
    if (service == "secretsmanager" || service == "iam") {
        return false;  // a function gets the secrets of its group by its core
    }
    if (service == "sts") {
        return operation == "GetCallerIdentity";
    }
    if (service == "logs" && (operation == "CreateLogGroup" || operation == "CreateLogStream" ||
                              operation == "PutLogEvents")) {
        return true;
    }
    for (const auto read : reads) {
        if (operation.starts_with(read)) {
            return true;
        }
    }
    return false;
}

}  // namespace evergrass::cloud

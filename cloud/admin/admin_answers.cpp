#include "cloud/admin/admin_answers.hpp"

#include "cloud/gateway/access_keys.hpp"
#include "libs/base/digest.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

constexpr std::size_t most_entries = 1000;
constexpr std::int64_t longest_grace = 400LL * 24 * 60 * 60;
constexpr std::int64_t usual_grace = 24 * 60 * 60;

http::response json_answer(int status, const json::object& body) {
    http::response answer;
    answer.status = status;
    answer.headers.add("content-type", "application/json");
    answer.body = json::serialize(body);
    return answer;
}

http::response refused(int status, const std::string& message) {
    return json_answer(status, {{"message", message}});
}

http::response refused(const error& why) {
    const bool ours = why.code.category() == base_category();
    const auto is = [&](errc code) { return ours && why.code == make_error_code(code); };
    const int status = is(errc::not_found)       ? 404
                       : is(errc::conflict)      ? 409
                       : is(errc::invalid_input) ? 400
                       : is(errc::unavailable)   ? 503
                                                 : 500;
    return refused(status, status < 500 ? why.context : why.message());
}

json::value time_or_null(const std::optional<wall_time>& time) {
    return time ? json::value(format_iso8601(*time)) : json::value();
}

json::object describe(const access_key_info& key, wall_time now) {
    const auto* const state = key.revoked ? "revoked" : key.is_usable(now) ? "active" : "expired";
    return {{"accessKeyId", key.id},
            {"role", to_string(key.role)},
            {"name", key.name},
            {"state", state},
            {"created", format_iso8601(key.created)},
            {"expires", time_or_null(key.expires)},
            {"revoked", time_or_null(key.revoked)}};
}

// With the secret, this once.
result<json::object> describe_new(const admin_parts& parts, const access_key& made) {
    const auto info = find_access_key(parts.state, made.id);
    if (!info) {
        return info.error();
    }
    auto shown = describe(*info, parts.time.now());
    shown["secretAccessKey"] = made.secret;
    return shown;
}

// One change with its entry in the audit; `work` returns result<json::object>.
template <class Work>
http::response change(const admin_parts& parts, const http::request& asked,
                      const std::string& operation, const std::string& target, Work work) {
    audit_trail::change entry(parts.state.audit(),
                              {parts.time.now(), asked.remote_address, asked.remote_address,
                               uuid_v4(), operation, target});
    result<json::object> made = json::object();
    const auto done = parts.state.db().transaction([&]() -> result<void> {
        made = work();
        return made ? result<void>() : result<void>(made.error());
    });
    auto answer = done ? json_answer(200, *made) : refused(done.error());
    const auto ended = entry.end(answer.status, done ? "" : "Refused");
    if (!ended && done) {
        return refused(ended.error());
    }
    return answer;
}

// The body's object; none counts as {}.
result<json::object> body_of(const http::request& asked) {
    if (asked.body.empty()) {
        return json::object();
    }
    auto parsed = parse_json(asked.body);
    if (!parsed || !parsed->is_object()) {
        return error{errc::invalid_input, "the body must be a JSON object"};
    }
    return std::move(parsed->get_object());
}

http::response create(const admin_parts& parts, const http::request& asked) {
    const auto body = body_of(asked);
    if (!body) {
        return refused(body.error());
    }
    const auto role = parse_access_role(string_member(*body, "role").value_or("admin"));
    if (!role) {
        return refused(400, "'role' must be admin, operator or read-only");
    }
    const access_key_wish wish{*role, string_member(*body, "name").value_or("")};
    return change(parts, asked, "keys:Create",
                  "role=" + std::string(to_string(*role)) + " name=" + wish.name,
                  [&]() -> result<json::object> {
                      const auto made = create_access_key(parts.state, parts.time.now(), wish);
                      if (!made) {
                          return made.error();
                      }
                      return describe_new(parts, *made);
                  });
}

http::response rotate(const admin_parts& parts, const http::request& asked, const std::string& id) {
    const auto body = body_of(asked);
    if (!body) {
        return refused(body.error());
    }
    const auto grace = int_member(*body, "graceSeconds").value_or(usual_grace);
    if (grace < 0 || grace > longest_grace) {
        return refused(400, "'graceSeconds' must be 0 to " + std::to_string(longest_grace));
    }
    auto answer = change(parts, asked, "keys:Rotate", id, [&]() -> result<json::object> {
        const auto made =
            rotate_access_key(parts.state, id, parts.time.now(), std::chrono::seconds(grace));
        if (!made) {
            return made.error();
        }
        auto shown = describe_new(parts, *made);
        if (shown) {
            shown->emplace("replaces", id);
        }
        return shown;
    });
    if (answer.status == 200 && grace == 0) {
        parts.cut_off(id);
    } else if (answer.status == 200 && parts.key_will_expire) {
        parts.key_will_expire();
    }
    return answer;
}

http::response revoke(const admin_parts& parts, const http::request& asked, const std::string& id) {
    auto answer = change(parts, asked, "keys:Revoke", id, [&]() -> result<json::object> {
        const auto revoked = revoke_access_key(parts.state, id, parts.time.now());
        if (!revoked) {
            return revoked.error();
        }
        return describe(*revoked, parts.time.now());
    });
    if (answer.status == 200) {
        parts.cut_off(id);
    }
    return answer;
}

http::response list_keys(const admin_parts& parts) {
    const auto keys = list_access_keys(parts.state);
    if (!keys) {
        return refused(keys.error());
    }
    json::array list;
    for (const auto& key : *keys) {
        list.push_back(describe(key, parts.time.now()));
    }
    return json_answer(200, {{"keys", std::move(list)}});
}

http::response show_key(const admin_parts& parts, const std::string& id) {
    const auto key = find_access_key(parts.state, id);
    return key ? json_answer(200, describe(*key, parts.time.now())) : refused(key.error());
}

// /keys, /keys/ID, /keys/ID/rotate, /keys/ID/revoke
http::response keys_answer(const admin_parts& parts, const http::request& asked) {
    auto rest = asked.path().substr(std::string_view("/keys").size());
    const bool posts = asked.method == "POST";
    if (rest.empty()) {
        return posts ? create(parts, asked) : list_keys(parts);
    }
    rest.remove_prefix(1);
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto id = percent_decode(rest.substr(0, slash));
    const auto verb = rest.substr(slash);
    if (id && verb.empty() && !posts) {
        return show_key(parts, *id);
    }
    if (id && verb == "/rotate" && posts) {
        return rotate(parts, asked, *id);
    }
    if (id && verb == "/revoke" && posts) {
        return revoke(parts, asked, *id);
    }
    return refused(404, "there is no " + asked.method + " " + std::string(asked.path()));
}

result<audit_question> read_question(const http::request& asked, wall_time now) {
    audit_question question;
    question.most = most_entries;
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (value.empty()) {
            continue;
        }
        if (name == "since") {
            const auto since = parse_since(value, now);
            if (!since) {
                return since.error();
            }
            question.since = *since;
        } else if (name == "by") {
            question.by = value;
        } else if (name == "after") {
            const auto [end, failed] =
                std::from_chars(value.data(), value.data() + value.size(), question.after);
            if (failed != std::errc() || end != value.data() + value.size()) {
                return error{errc::invalid_input, "'after' must be a sequence number"};
            }
        } else {
            return error{errc::invalid_input,
                         "'" + name + "' is not known; since, by and after are"};
        }
    }
    return question;
}

http::response audit_answer(const admin_parts& parts, const http::request& asked) {
    const auto question = read_question(asked, parts.time.now());
    if (!question) {
        return refused(question.error());
    }
    const auto entries = parts.state.audit().list(*question);
    if (!entries) {
        return refused(entries.error());
    }
    json::array list;
    for (const auto& each : *entries) {
        list.push_back(json::object{{"sequence", each.sequence},
                                    {"at", format_iso8601(each.at)},
                                    {"by", each.actor},
                                    {"from", each.origin},
                                    {"requestId", each.request_id},
                                    {"operation", each.operation},
                                    {"target", each.target},
                                    {"status", each.status},
                                    {"code", each.code}});
    }
    const bool more = entries->size() == question->most;
    return json_answer(200,
                       {{"entries", std::move(list)},
                        {"after", more ? json::value(entries->back().sequence) : json::value()}});
}

http::response backup_answer(const admin_parts& parts, const http::request& asked) {
    const auto body = body_of(asked);
    const auto file = body ? string_member(*body, "file") : std::nullopt;
    if (!file || !file->starts_with('/')) {
        return refused(400, "'file' must be an absolute path");
    }
    audit_trail::change entry(parts.state.audit(),
                              {parts.time.now(), asked.remote_address, asked.remote_address,
                               uuid_v4(), "backup:Create", *file});
    const auto made = parts.back_up(*file);
    auto answer = made ? json_answer(200, *made) : refused(made.error());
    const auto ended = entry.end(answer.status, made ? "" : "Refused");
    return ended || !made ? answer : refused(ended.error());
}

// For a bundle: a deployment that goes to its core by hand (docs/formats/bundle.md).
http::response sign_answer(const admin_parts& parts, const http::request& asked) {
    const auto body = body_of(asked);
    const auto manifest =
        base64_decode(body ? string_member(*body, "manifest").value_or("") : std::string());
    if (!manifest || manifest->empty()) {
        return refused(400, "'manifest' must be a deployment's manifest in base64");
    }
    audit_trail::change entry(parts.state.audit(),
                              {parts.time.now(), asked.remote_address, asked.remote_address,
                               uuid_v4(), "bundle:Sign", sha256_hex(*manifest)});
    const auto made = parts.sign(*manifest);
    auto answer = made ? json_answer(200, *made) : refused(made.error());
    const auto ended = entry.end(answer.status, made ? "" : "Refused");
    return ended || !made ? answer : refused(ended.error());
}

}  // namespace

http::response admin_answer(const admin_parts& parts, const http::request& asked) {
    const auto path = asked.path();
    const bool gets = asked.method == "GET";
    if (!gets && asked.method != "POST") {
        return refused(405, "GET and POST are what there is");
    }
    if (path == "/keys" || path.starts_with("/keys/")) {
        return keys_answer(parts, asked);
    }
    if (path == "/audit" && gets) {
        return audit_answer(parts, asked);
    }
    if (path == "/backup" && !gets) {
        return backup_answer(parts, asked);
    }
    if (path == "/sign" && !gets && parts.sign) {
        return sign_answer(parts, asked);
    }
    if (path == "/metrics" && gets) {
        http::response answer;
        answer.headers.add("content-type", "text/plain; version=0.0.4; charset=utf-8");
        answer.body = parts.metrics();
        return answer;
    }
    if (is_health_check(asked)) {
        return health_answer(parts, path);
    }
    return refused(404, "there is no " + asked.method + " " + std::string(path) +
                            "; docs/access.md lists what the socket answers");
}

}  // namespace evergrass::cloud

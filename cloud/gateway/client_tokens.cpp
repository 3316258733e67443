#include "cloud/gateway/client_tokens.hpp"

#include "libs/base/digest.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace evergrass::cloud {
namespace {

constexpr auto kept_for = std::chrono::hours(24);
// What Greengrass documents for bulk deployments (spec/cloud.md §1.1), and others of AWS too.
constexpr std::size_t longest_token = 64;

bool is_token(std::string_view text) {
    return text.size() <= longest_token &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

// The members sorted by name, so that their order on the wire doesn't matter.
void append_sorted(std::string& out, const json::value& value) {
    if (const auto* object = value.if_object()) {
        std::vector<std::string_view> names;
        for (const auto& entry : *object) {
            names.push_back(entry.key());
        }
        std::sort(names.begin(), names.end());
        out += '{';
        for (const auto name : names) {
            out.append(json::serialize(json::value(name))).append(":");
            append_sorted(out, object->at(name));
            out += ',';
        }
        out += '}';
    } else if (const auto* array = value.if_array()) {
        out += '[';
        for (const auto& element : *array) {
            append_sorted(out, element);
            out += ',';
        }
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

std::string digest_of(const call& from) {
    std::string text;
    append_sorted(text, from.input);
    return sha256_hex(text + from.payload);
}

struct kept_reply {
    std::string request_sha256;
    reply answered;
};

answer<std::optional<kept_reply>> find_kept(db::connection& db, std::string_view operation_name,
                                            const std::string& token) {
    std::optional<kept_reply> kept;
    std::string output;
    auto read = db.query("client_tokens.find",
                         "SELECT request_sha256, status, output FROM client_tokens"
                         " WHERE operation = ?1 AND token = ?2",
                         {std::string(operation_name), token}, [&](const db::row& row) {
                             kept.emplace();
                             kept->request_sha256 = row.text(0);
                             kept->answered.status = static_cast<int>(row.integer(1));
                             output = row.text(2);
                         });
    if (!read) {
        return internal_error(read.error());
    }
    if (kept) {
        auto members = parse_json(output);
        if (!members || !members->is_object()) {
            return internal_error(error{{},
                                        "the reply kept for a client token of " +
                                            std::string(operation_name) + " cannot be read"});
        }
        kept->answered.output = std::move(members->get_object());
    }
    return kept;
}

}  // namespace

std::optional<api_error> check_client_token(const call& from) {
    const auto token = string_member(from.input, client_token_member);
    if (!token || is_token(*token)) {
        return std::nullopt;
    }
    return api_error{400, "BadRequestException",
                     std::string(client_token_member) +
                         " (the header X-Amzn-Client-Token) must be 1 to 64 visible ASCII "
                         "characters."};
}

api_result once_per_token(store& state, std::string_view operation_name, const call& from,
                          wall_time now, const operation& work) {
    const auto token = string_member(from.input, client_token_member);
    if (!token || token->empty()) {
        return work(from);
    }
    if (auto wrong = check_client_token(from)) {
        return *wrong;
    }
    const auto digest = digest_of(from);
    auto& db = state.db();
    return in_transaction(state, [&]() -> api_result {
        auto forgotten =
            db.run("client_tokens.forget", "DELETE FROM client_tokens WHERE created_at < ?1",
                   {to_epoch_milliseconds(now - kept_for)});
        if (!forgotten) {
            return internal_error(forgotten.error());
        }
        auto kept = find_kept(db, operation_name, *token);
        if (!kept) {
            return kept.error();
        }
        if (*kept) {
            if ((*kept)->request_sha256 != digest) {
                return api_error{400, "BadRequestException",
                                 "The client token " + *token +
                                     " was used before with other parameters; use a new one."};
            }
            return std::move((*kept)->answered);
        }
        auto answered = work(from);
        if (!answered) {
            return answered;
        }
        auto stored =
            db.run("client_tokens.keep",
                   "INSERT INTO client_tokens(operation, token, request_sha256, status, output,"
                   " created_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                   {std::string(operation_name), *token, digest, std::int64_t{answered->status},
                    json::serialize(answered->output), to_epoch_milliseconds(now)});
        return stored ? std::move(answered) : api_result(internal_error(stored.error()));
    });
}

}  // namespace evergrass::cloud

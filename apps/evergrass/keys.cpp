#include "apps/evergrass/keys.hpp"

#include "libs/base/encoding.hpp"

#include <iostream>

namespace evergrass::cli {
namespace {

std::string text_of(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

result<json::object> ask(const keys_options& options) {
    const auto one = "/keys/" + percent_encode(options.id);
    if (options.verb == "create") {
        return ask_service(options.where, "/keys",
                           json::object{{"role", options.role}, {"name", options.name}});
    }
    if (options.verb == "rotate") {
        return ask_service(options.where, one + "/rotate",
                           json::object{{"graceSeconds", options.grace_seconds}});
    }
    if (options.verb == "revoke") {
        return ask_service(options.where, one + "/revoke", json::object());
    }
    return ask_service(options.where, options.verb == "list" ? "/keys" : one);
}

void print(const keys_options& options, const json::object& answer) {
    if (const auto* keys = array_member(answer, "keys")) {
        for (const auto& key : *keys) {
            if (const auto* members = key.if_object()) {
                std::cout << key_line(*members) << "\n";
            }
        }
        return;
    }
    const auto secret = text_of(answer, "secretAccessKey");
    if (secret.empty()) {
        std::cout << key_line(answer) << "\n";
        return;
    }
    std::cout << "Access key id:     " << text_of(answer, "accessKeyId")
              << "\nSecret access key: " << secret
              << "\nRole:              " << text_of(answer, "role")
              << "\nThe secret is shown this once.\n";
    if (options.verb == "rotate") {
        std::cout << options.id << " counts for " << options.grace_seconds << " s more.\n";
    }
}

}  // namespace

std::string key_line(const json::object& key) {
    auto line = text_of(key, "accessKeyId") + "  " + text_of(key, "role");
    line += std::string(line.size() < 32 ? 32 - line.size() : 1, ' ') + text_of(key, "state");
    for (const auto* time : {"created", "expires", "revoked"}) {
        const auto at = text_of(key, time);
        if (!at.empty()) {
            line += std::string("  ") + time + " " + at;
        }
    }
    const auto name = text_of(key, "name");
    return name.empty() ? line : line + "  " + name;
}

int run_keys(const keys_options& options) {
    const auto answer = ask(options);
    if (!answer) {
        return fail(answer.error());
    }
    if (options.where.json) {
        std::cout << to_pretty_json(*answer);
    } else {
        print(options, *answer);
    }
    return 0;
}

}  // namespace evergrass::cli

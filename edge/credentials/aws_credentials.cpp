#include "edge/credentials/aws_credentials.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace evergrass::edge {
namespace {

error wrong(std::string_view member, std::string_view what) {
    return {errc::invalid_input,
            "the answer's 'credentials." + std::string(member) + "' " + std::string(what)};
}

// "2026-11-27T13:00:00Z" or "2026-11-27T13:00:00.000Z".
result<wall_time> read_expiration(std::string_view text) {
    std::string basic;
    const auto fraction = text.find('.');
    const auto whole = text.substr(0, fraction);
    if (fraction != std::string_view::npos) {
        const auto digits = text.substr(fraction + 1);
        if (digits.size() < 2 || digits.find_first_not_of("0123456789") != digits.size() - 1) {
            return wrong("expiration", "is not a time like 2026-11-27T13:00:00Z");
        }
    }
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
    if (!text.ends_with('Z') || whole.size() < form.size()) {
        return wrong("expiration", "is not a time like 2026-11-27T13:00:00Z");
    }
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == 'd' || form[i] == 'T') {
            basic += whole[i];
        } else if (whole[i] != form[i]) {
            return wrong("expiration", "is not a time like 2026-11-27T13:00:00Z");
        }
    }
    const auto read = parse_basic_iso8601(basic + "Z");
    const auto rest = whole.substr(form.size());
    if (!read || (!rest.empty() && rest != "Z")) {
        return wrong("expiration", "is not a time like 2026-11-27T13:00:00Z");
    }
    return read;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

result<aws_credentials> parse_credentials_answer(std::string_view text) {
    const auto document = parse_json(text);
    if (!document) {
        return with_context(document.error(), "the answer");
    }
    const auto* object = document->if_object();
    const auto* credentials = object == nullptr ? nullptr : object_member(*object, "credentials");
    if (credentials == nullptr) {
        return error{errc::invalid_input, "the answer has no object 'credentials'"};
    }
    aws_credentials read;
    const std::array<std::pair<std::string_view, std::string*>, 3> members = {
        {{"accessKeyId", &read.access_key_id},
         {"secretAccessKey", &read.secret_access_key},
         {"sessionToken", &read.session_token}}};
    for (const auto& [name, into] : members) {
        *into = string_member(*credentials, name).value_or("");
        if (into->empty()) {
            return wrong(name, "is missing or empty");
        }
        if (!is_printable(*into)) {
            return wrong(name, "holds blanks or characters that are not ASCII");
        }
    }
    const auto expires = read_expiration(string_member(*credentials, "expiration").value_or(""));
    if (!expires) {
        return expires.error();
    }
    read.expires = *expires;
    return read;
}

std::string to_container_json(const aws_credentials& credentials) {
    auto expiration = format_iso8601(credentials.expires);
    expiration.replace(expiration.find('.'), std::string::npos, "Z");
    const json::object out{{"AccessKeyId", credentials.access_key_id},
                           {"SecretAccessKey", credentials.secret_access_key},
                           {"Token", credentials.session_token},
                           {"Expiration", expiration}};
    return json::serialize(out);
}

}  // namespace evergrass::edge

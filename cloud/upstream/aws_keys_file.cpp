#include "cloud/upstream/aws_keys_file.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <algorithm>
#include <tuple>

namespace evergrass::cloud::upstream {
namespace {

constexpr std::size_t max_file_bytes = 64 * 1024;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto from = text.find_first_not_of(blanks);
    if (from == std::string_view::npos) {
        return {};
    }
    return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

bool is_header_text(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

result<void> check(const aws_keys& keys) {
    for (const auto& [name, value] :
         {std::pair("aws_access_key_id", &keys.access_key_id),
          std::pair("aws_secret_access_key", &keys.secret_access_key)}) {
        if (value->empty()) {
            return error{errc::invalid_input,
                         std::string("'") + name + "' is missing in its section [default]"};
        }
    }
    // They go into headers.
    if (!is_header_text(keys.access_key_id) || !is_header_text(keys.session_token)) {
        return error{errc::invalid_input,
                     "'aws_access_key_id' or 'aws_session_token' in its section [default] holds "
                     "blanks or characters that are not ASCII"};
    }
    return {};
}

}  // namespace

result<aws_keys> parse_aws_keys(std::string_view text) {
    aws_keys keys;
    bool in_default = false;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('[')) {
            in_default = line == "[default]";
            continue;
        }
        const auto equals = line.find('=');
        if (!in_default || line.starts_with('#') || line.starts_with(';') ||
            equals == std::string_view::npos) {
            continue;
        }
        const auto name = trimmed(line.substr(0, equals));
        const auto value = trimmed(line.substr(equals + 1));
        if (name == "aws_access_key_id") {
            keys.access_key_id = value;
        } else if (name == "aws_secret_access_key") {
            keys.secret_access_key = value;
        } else if (name == "aws_session_token") {
            keys.session_token = value;
        }
    }
    if (const auto good = check(keys); !good) {
        return good.error();
    }
    return keys;
}

result<aws_keys> read_aws_keys(const std::filesystem::path& file, std::string_view option) {
    const auto text = read_file(file, max_file_bytes);
    if (!text) {
        return with_context(text.error(), "the file of " + std::string(option));
    }
    auto keys = parse_aws_keys(*text);
    if (!keys) {
        return with_context(keys.error(), file.string());
    }
    return keys;
}

result<aws_keys> aws_keys_source::read() const {
    return file.empty() ? result<aws_keys>(fixed) : read_aws_keys(file, option);
}

result<aws_keys> aws_keys_of_environment(
    const std::function<const char*(const char* name)>& variable) {
    aws_keys keys;
    for (const auto& [name, into, is_needed] :
         {std::tuple("AWS_ACCESS_KEY_ID", &keys.access_key_id, true),
          std::tuple("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key, true),
          std::tuple("AWS_SESSION_TOKEN", &keys.session_token, false)}) {
        const auto* value = variable(name);
        *into = value != nullptr ? value : "";
        if (is_needed && into->empty()) {
            return error{errc::invalid_input,
                         std::string(name) + " is not set in the environment of the service"};
        }
    }
    // They go into headers.
    if (!is_header_text(keys.access_key_id) || !is_header_text(keys.session_token)) {
        return error{errc::invalid_input,
                     "AWS_ACCESS_KEY_ID or AWS_SESSION_TOKEN in the environment of the service "
                     "holds blanks or characters that are not ASCII"};
    }
    return keys;
}

}  // namespace evergrass::cloud::upstream

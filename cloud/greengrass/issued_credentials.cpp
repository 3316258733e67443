#include "cloud/greengrass/issued_credentials.hpp"

#include "libs/base/errors.hpp"

#include <array>
#include <optional>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::size_t max_message_bytes = 500;

// STS's answers have no attributes, comments or sections in the parts that are read here.
std::optional<std::string_view> inside(std::string_view xml, std::string_view element) {
    const auto opening = "<" + std::string(element) + ">";
    const auto from = xml.find(opening);
    if (from == std::string_view::npos) {
        return std::nullopt;
    }
    const auto content = xml.substr(from + opening.size());
    const auto to = content.find("</" + std::string(element) + ">");
    if (to == std::string_view::npos) {
        return std::nullopt;
    }
    return content.substr(0, to);
}

std::string decoded(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, char>, 5> entities = {
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string out;
    while (!text.empty()) {
        std::size_t taken = 1;
        char c = text.front();
        for (const auto& [entity, stands_for] : entities) {
            if (text.starts_with(entity)) {
                taken = entity.size();
                c = stands_for;
            }
        }
        out += c;
        text.remove_prefix(taken);
    }
    return out;
}

std::string text_of(std::string_view xml, std::string_view element) {
    const auto found = inside(xml, element);
    return found ? decoded(*found) : std::string();
}

}  // namespace

std::string format_expiration(wall_time expires) {
    auto text = format_iso8601(expires);
    text.replace(text.find('.'), std::string::npos, "Z");
    return text;
}

result<issued_credentials> parse_assume_role_answer(std::string_view xml) {
    const auto credentials = inside(xml, "Credentials");
    if (!credentials) {
        return error{errc::invalid_input, "STS's answer has no element 'Credentials'"};
    }
    issued_credentials read;
    const std::array<std::pair<const char*, std::string*>, 4> members = {
        {{"AccessKeyId", &read.access_key_id},
         {"SecretAccessKey", &read.secret_access_key},
         {"SessionToken", &read.session_token},
         {"Expiration", &read.expiration}}};
    for (const auto& [element, into] : members) {
        *into = text_of(*credentials, element);
        if (into->empty()) {
            return error{errc::invalid_input,
                         std::string("STS's answer has no '") + element + "' in 'Credentials'"};
        }
    }
    return read;
}

std::string sts_refusal(std::string_view xml) {
    const auto refused = inside(xml, "Error");
    if (!refused) {
        return {};
    }
    const auto code = text_of(*refused, "Code");
    const auto message = text_of(*refused, "Message").substr(0, max_message_bytes);
    return code.empty() || message.empty() ? code + message : code + ": " + message;
}

}  // namespace evergrass::cloud::greengrass

#include "libs/mqtt/client_tell.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

namespace evergrass::mqtt {
namespace {

// A server's words end up in logs and errors: not all 64 KB of them.
constexpr std::size_t max_words = 256;

std::string_view shortened(std::string_view words) {
    if (words.size() <= max_words) {
        return words;
    }
    auto end = max_words;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & 0xC0U) == 0x80U) {
        --end;  // not in the middle of a character
    }
    return words.substr(0, end);
}

errc error_of(reason code) {
    switch (code) {
        case reason::not_authorized:
        case reason::bad_user_name_or_password:
        case reason::bad_authentication_method:
        case reason::banned:
        case reason::client_identifier_not_valid:
        case reason::administrative_action:
        case reason::unspecified_error:  // all that a SUBACK of 3.1.1 can say
            return errc::denied;
        case reason::packet_too_large:
        case reason::quota_exceeded:
        case reason::message_rate_too_high:
            return errc::too_large;
        case reason::malformed_packet:
        case reason::protocol_error:
        case reason::topic_filter_invalid:
        case reason::topic_name_invalid:
        case reason::payload_format_invalid:
            return errc::invalid_input;
        case reason::unsupported_protocol_version:
        case reason::retain_not_supported:
        case reason::qos_not_supported:
        case reason::shared_subscriptions_not_supported:
        case reason::subscription_identifiers_not_supported:
        case reason::wildcard_subscriptions_not_supported:
        case reason::implementation_specific_error:
            return errc::unsupported;
        default:
            return errc::unavailable;
    }
}

}  // namespace

std::string answer_text(packet_type type, reason code, std::string_view reason_string) {
    const auto number = hex_encode(std::string(1, static_cast<char>(code)));
    auto text = std::string(to_string(type)) + " 0x" + number + " " + std::string(to_string(code));
    if (!reason_string.empty()) {
        text += ": " + std::string(shortened(reason_string));
    }
    return text;
}

error refusal(std::string_view what, packet_type type, reason code,
              std::string_view reason_string) {
    return {error_of(code), "the server refused " + std::string(what) + ": " +
                                answer_text(type, code, reason_string)};
}

}  // namespace evergrass::mqtt

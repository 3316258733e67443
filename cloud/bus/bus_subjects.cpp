#include "cloud/bus/bus_subjects.hpp"

#include "libs/base/digest.hpp"

#include <cctype>

namespace evergrass::cloud {
namespace {

constexpr std::string_view kept_prefix = "k.m";
constexpr std::string_view live_prefix = "q.m";
constexpr std::size_t share_digits = 32;

std::string with_fleet(std::string_view fleet, std::string_view rest) {
    std::string subject = "evergrass.";
    return subject.append(fleet).append(".").append(rest);
}

// NATS gives `.`, `*`, `>` and blanks a meaning, and refuses empty tokens: those are "%" here.
void add_token(std::string& subject, std::string_view level) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (level.empty()) {
        subject += '%';
    }
    for (const char each : level) {
        const auto byte = static_cast<unsigned char>(each);
        if ((byte < 0x80 && std::isalnum(byte) != 0) || each == '-' || each == '_' || each == '$') {
            subject += each;
        } else {
            subject += '%';
            subject += digits[byte >> 4U];
            subject += digits[byte & 0xFU];
        }
    }
}

std::string to_subject(std::string subject, std::string_view topic, bool is_filter) {
    for (;;) {
        const auto end = topic.find('/');
        const auto level = topic.substr(0, end);
        subject += '.';
        if (is_filter && level == "+") {
            subject += '*';
        } else if (is_filter && level == "#") {
            subject += '>';
        } else {
            add_token(subject, level);
        }
        if (end == std::string_view::npos) {
            return subject;
        }
        topic.remove_prefix(end + 1);
    }
}

}  // namespace

std::string stream_of(std::string_view fleet) {
    return "evergrass-" + std::string(fleet);
}

std::string kept_subjects(std::string_view fleet) {
    return with_fleet(fleet, "k.>");
}

std::string event_subject(std::string_view fleet) {
    return with_fleet(fleet, "k.e");
}

std::string live_subject(std::string_view fleet, std::string_view topic) {
    return to_subject(with_fleet(fleet, live_prefix), topic, false);
}

std::string all_live_subjects(std::string_view fleet) {
    return with_fleet(fleet, live_prefix) + ".>";
}

std::string message_subject(std::string_view fleet, std::string_view topic) {
    return to_subject(with_fleet(fleet, kept_prefix), topic, false);
}

std::string message_filter(std::string_view fleet, std::string_view mqtt_filter) {
    return to_subject(with_fleet(fleet, kept_prefix), mqtt_filter, true);
}

std::string live_filter(std::string_view fleet, std::string_view mqtt_filter) {
    return to_subject(with_fleet(fleet, live_prefix), mqtt_filter, true);
}

// A filter may have any bytes, and more of them than a name.
std::string share_name(std::string_view share_filter) {
    return "share-" + sha256_hex(share_filter).substr(0, share_digits);
}

std::string share_subject(std::string_view fleet, std::string_view share_filter) {
    return with_fleet(fleet, "s.") + share_name(share_filter);
}

}  // namespace evergrass::cloud

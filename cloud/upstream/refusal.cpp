#include "cloud/upstream/refusal.hpp"

#include "libs/base/json.hpp"

#include <algorithm>
#include <string_view>

namespace evergrass::cloud::upstream {
namespace {

constexpr std::size_t most_shown = 500;

// It goes into logs and into answers to others.
std::string shown(std::string_view text) {
    std::string out(text.substr(0, most_shown));
    for (auto& c : out) {
        c = c >= ' ' && c < 0x7f ? c : ' ';
    }
    return out;
}

// "com.amazonaws.lambda#ResourceNotFoundException:http://…" is the name in the middle.
std::string code_of(std::string_view text) {
    text = text.substr(0, text.find(':'));
    const auto hash = text.rfind('#');
    return shown(hash == std::string_view::npos ? text : text.substr(hash + 1));
}

}  // namespace

refusal read_refusal(const http::response& answer) {
    refusal read;
    read.status = answer.status;
    read.code = code_of(answer.headers.get("x-amzn-errortype").value_or(""));
    const auto body = parse_json(answer.body);
    const auto* object = body ? body->if_object() : nullptr;
    if (object == nullptr) {
        return read;
    }
    for (const auto* name : {"__type", "code", "Code"}) {
        if (read.code.empty()) {
            read.code = code_of(string_member(*object, name).value_or(""));
        }
    }
    for (const auto* name : {"message", "Message"}) {
        if (read.message.empty()) {
            read.message = shown(string_member(*object, name).value_or(""));
        }
    }
    return read;
}

std::string refusal::to_string() const {
    auto text = "HTTP " + std::to_string(status);
    if (!code.empty()) {
        text += ", " + code;
    }
    return message.empty() ? text : text + ": " + message;
}

}  // namespace evergrass::cloud::upstream

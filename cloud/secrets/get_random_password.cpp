#include "cloud/secrets/operations.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud::secrets {
namespace {

// Each equally likely: a byte beyond the last whole round is thrown away.
std::size_t chosen(std::size_t count) {
    const auto rounds = 256 / count * count;
    for (;;) {
        const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
        if (byte < rounds) {
            return byte % count;
        }
    }
}

std::size_t place_below(std::size_t count) {
    std::size_t number = 0;
    for (const auto byte : random_bytes(8)) {
        number = number * 256 + static_cast<unsigned char>(byte);
    }
    return number % count;
}

// The kinds of characters that the call leaves, each without those that it excludes.
std::vector<std::string> wanted_kinds(const json::object& input) {
    const auto is_set = [&](std::string_view name) {
        return bool_member(input, name).value_or(false);
    };
    const auto unwanted = string_member(input, "ExcludeCharacters").value_or("");
    std::vector<std::string> kinds;
    const auto add = [&](bool wanted, std::string_view letters) {
        std::string left;
        for (const char c : letters) {
            if (unwanted.find(c) == std::string::npos) {
                left += c;
            }
        }
        if (wanted && !left.empty()) {
            kinds.push_back(std::move(left));
        }
    };
    add(!is_set("ExcludeLowercase"), "abcdefghijklmnopqrstuvwxyz");
    add(!is_set("ExcludeUppercase"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    add(!is_set("ExcludeNumbers"), "0123456789");
    add(!is_set("ExcludePunctuation"), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
    add(is_set("IncludeSpace"), " ");
    return kinds;
}

}  // namespace

api_result get_random_password(secret_registry&, const call& from) {
    const auto length =
        static_cast<std::size_t>(int_member(from.input, "PasswordLength").value_or(32));
    const auto kinds = wanted_kinds(from.input);
    if (kinds.empty()) {
        return invalid_parameter("The parameters exclude every character.");
    }
    const bool each = bool_member(from.input, "RequireEachIncludedType").value_or(true);
    if (each && length < kinds.size()) {
        return invalid_parameter("PasswordLength is too short for one character of each type.");
    }
    std::string all;
    for (const auto& kind : kinds) {
        all += kind;
    }
    std::string password;
    for (std::size_t i = 0; i < length; ++i) {
        const auto& from_these = each && i < kinds.size() ? kinds[i] : all;
        password += from_these[chosen(from_these.size())];
    }
    for (std::size_t i = password.size(); i > 1; --i) {
        std::swap(password[i - 1], password[place_below(i)]);
    }
    return reply{{{"RandomPassword", password}}};
}

}  // namespace evergrass::cloud::secrets

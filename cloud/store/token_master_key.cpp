#include "cloud/store/token_master_key.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/pkcs11/token.hpp"

#include <sys/stat.h>

namespace evergrass::cloud {
namespace {

constexpr std::size_t longest_pin = 255;
constexpr std::string_view purpose = "evergrass data key";

result<std::string> pin_in_file(const std::string& pin_source) {
    const auto path = pkcs11::path_of_pin_source(pin_source);
    if (!path) {
        return path.error();
    }
    struct stat info {};
    if (::stat(path->c_str(), &info) != 0) {
        return errno_error("cannot read the PIN in " + *path);
    }
    if ((info.st_mode & 077U) != 0) {
        return error{errc::denied,
                     "others than its owner may read the PIN in " + *path + "; chmod 600 it"};
    }
    auto text = read_file(*path, longest_pin + 1);
    if (!text) {
        return with_context(text.error(), "the PIN");
    }
    if (text->ends_with('\n')) {
        text->pop_back();
    }
    if (text->empty()) {
        return error{errc::invalid_input, "there is no PIN in " + *path};
    }
    return text;
}

}  // namespace

result<std::unique_ptr<token_master_key>> token_master_key::make(
    std::string_view text, const std::function<const char*(const char* name)>& environment) {
    auto named = pkcs11::parse_uri(text);
    if (!named) {
        return with_context(named.error(), "--master-key");
    }
    if (named->pin_value) {
        return error{errc::denied,
                     "--master-key: everybody who lists processes sees pin-value; put the PIN into "
                     "a file that pin-source names, or into " +
                         std::string(pin_variable)};
    }
    std::string pin;
    if (named->pin_source) {
        auto read = pin_in_file(*named->pin_source);
        if (!read) {
            return with_context(read.error(), "--master-key");
        }
        pin = std::move(*read);
    } else {
        const auto* value = environment(pin_variable);
        pin = value != nullptr ? value : "";
        if (pin.empty()) {
            return error{errc::invalid_input,
                         "--master-key: the token's PIN is missing; name its file with pin-source "
                         "in the URI, or set " +
                             std::string(pin_variable)};
        }
    }
    return std::unique_ptr<token_master_key>(
        new token_master_key(std::move(*named), std::move(pin)));
}

result<std::string> token_master_key::wrap(std::string_view plain) {
    const auto token = pkcs11::token::open(named_, pin_);
    if (!token) {
        return with_context(token.error(), "the master key");
    }
    const auto key = (*token)->find_key(named_);
    if (!key) {
        return with_context(key.error(), "the master key");
    }
    auto wrapped = (*token)->wrap(*key, plain, purpose);
    return wrapped ? wrapped : with_context(wrapped.error(), "the master key");
}

result<std::string> token_master_key::unwrap(std::string_view wrapped) {
    const auto token = pkcs11::token::open(named_, pin_);
    if (!token) {
        return with_context(token.error(), "the master key");
    }
    const auto key = (*token)->find_key(named_);
    if (!key) {
        return with_context(key.error(), "the master key");
    }
    auto plain = (*token)->unwrap(*key, wrapped, purpose);
    if (!plain && plain.error().code == errc::corrupt) {
        return error{errc::corrupt,
                     "the master key in the token '" + (*token)->label() +
                         "' is not the one that the database's secrets are sealed under; name that "
                         "one with --master-key, or put it back"};
    }
    return plain ? plain : with_context(plain.error(), "the master key");
}

result<std::unique_ptr<master_key>> master_key_at(
    const std::string& place, const std::function<const char*(const char* name)>& environment) {
    if (!pkcs11::is_uri(place)) {
        return std::unique_ptr<master_key>(std::make_unique<file_master_key>(place));
    }
    auto made = token_master_key::make(place, environment);
    if (!made) {
        return made.error();
    }
    return std::unique_ptr<master_key>(std::move(*made));
}

}  // namespace evergrass::cloud

#include "cloud/secrets/secrets.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/random.hpp"
#include "libs/base/sealed.hpp"

#include <sys/stat.h>

namespace evergrass::cloud::secrets {
namespace {

result<bool> has_secrets(store& state) {
    bool some = false;
    const auto hold = state.db().lock();
    const auto read = state.db().query("secrets.any", "SELECT 1 FROM secret_versions LIMIT 1", {},
                                       [&](const db::row&) { some = true; });
    if (!read) {
        return read.error();
    }
    return some;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

result<std::string> load_or_make_key(const std::filesystem::path& file, store& state) {
    if (!std::filesystem::exists(file)) {
        const auto needed = has_secrets(state);
        if (!needed) {
            return needed.error();
        }
        if (*needed) {
            return error{errc::not_found,
                         file.string() +
                             " is missing although there are secrets that only it opens; put it "
                             "back from where it is kept"};
        }
        auto made =
            write_file_atomically(file, hex_encode(random_bytes(sealing_key_bytes)) + "\n", 0600);
        if (!made) {
            return made.error();
        }
    }
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        return errno_error(file.string());
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return error{errc::denied,
                     file.string() + " may be read by others than its owner; chmod 600 it"};
    }
    const auto text = read_file(file, 4096);
    if (!text) {
        return text.error();
    }
    auto key = hex_decode(trimmed(*text));
    if (!key || key->size() != sealing_key_bytes) {
        return error{errc::corrupt, file.string() +
                                        " is not 64 hexadecimal digits; put it back from where it "
                                        "is kept"};
    }
    return key;
}

}  // namespace evergrass::cloud::secrets

#include "apps/evergrass/secret_input.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>
#include <unistd.h>

namespace evergrass::cli {
namespace {

// One line, as long as Linux's terminals take one (N_TTY_BUF_SIZE).
constexpr std::size_t longest_line = 4096;

result<secret_text> ask_at_terminal() {
    std::array<char, longest_line + 1> line{};
    constexpr int least = 1;
    constexpr int twice = 1;
    const int failed = EVP_read_pw_string_min(line.data(), least, static_cast<int>(line.size()),
                                              "The secret's value (not shown): ", twice);
    secret_text value(std::string_view(line.data()));
    OPENSSL_cleanse(line.data(), line.size());
    if (failed != 0) {
        return error{{}, "no value was entered, or not the same one twice; nothing was changed"};
    }
    return value;
}

}  // namespace

result<secret_text> read_secret_value(const std::optional<std::filesystem::path>& file,
                                      bool binary) {
    const bool from_input = !file || *file == "-";
    if (from_input && ::isatty(STDIN_FILENO) == 1) {
        if (binary) {
            return error{{}, "bytes are not typed: give --file, or send them by a pipe"};
        }
        return ask_at_terminal();
    }
    auto value = from_input ? read_secret_text(STDIN_FILENO, longest_secret, "the value")
                            : read_secret_file(*file, longest_secret);
    if (!value) {
        return value;
    }
    auto text = value->view();
    if (from_input && !binary && text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    if (text.empty()) {
        return error{{}, "the value is empty; nothing was changed"};
    }
    return secret_text(text);
}

}  // namespace evergrass::cli

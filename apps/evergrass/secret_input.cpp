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

}  // namespace

// OpenSSL's reader: it gives the terminal back as it was after a signal too.
result<secret_text> ask_unseen(const std::string& question, typed how) {
    std::array<char, longest_line + 1> line{};
    constexpr int least = 0;
    const int failed = EVP_read_pw_string_min(line.data(), least, static_cast<int>(line.size() - 1),
                                              question.c_str(), how == typed::twice ? 1 : 0);
    secret_text value(std::string_view(line.data()));
    OPENSSL_cleanse(line.data(), line.size());
    if (failed != 0) {
        return error{{},
                     how == typed::twice
                         ? "no value was entered, or not the same one twice; nothing was changed"
                         : "no value was entered; nothing was changed"};
    }
    return value;
}

result<secret_text> read_secret_value(const std::optional<std::filesystem::path>& file,
                                      bool binary) {
    const bool from_input = !file || *file == "-";
    if (from_input && ::isatty(STDIN_FILENO) == 1) {
        if (binary) {
            return error{{}, "bytes are not typed: give --file, or send them by a pipe"};
        }
        auto asked = ask_unseen("The secret's value (not shown): ", typed::twice);
        if (asked && asked->empty()) {
            return error{{}, "the value is empty; nothing was changed"};
        }
        return asked;
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

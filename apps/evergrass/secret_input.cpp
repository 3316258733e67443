#include "apps/evergrass/secret_input.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

// One line, as long as Linux's terminals take one (N_TTY_BUF_SIZE).
constexpr std::size_t longest_line = 4096;

error not_entered() {
    return {{}, "no value was entered; nothing was changed"};
}

// Where people are asked: the terminal of this process, or else standard input and error.
class terminal {
public:
    terminal() : own_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
        sigset_t all{};
        ::sigemptyset(&all);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
            ::sigaddset(&all, number);
        }
        ::pthread_sigmask(SIG_BLOCK, &all, &signals_before_);
        signals_ = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
        is_terminal_ = ::tcgetattr(input(), &before_) == 0;
        auto unseen = before_;
        unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        // What was typed before the question is thrown away.
        is_terminal_ = is_terminal_ && ::tcsetattr(input(), TCSAFLUSH, &unseen) == 0;
    }
    // Shows again what is typed, before a signal that came meanwhile ends this process.
    ~terminal() {
        if (is_terminal_) {
            ::tcsetattr(input(), TCSAFLUSH, &before_);
            say("\n");
        }
        for (const int opened : {own_, signals_}) {
            if (opened >= 0) {
                ::close(opened);
            }
        }
        ::pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr);
    }
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;

    bool can_be_asked() const { return is_terminal_ && signals_ >= 0; }

    void say(std::string_view text) const {
        while (!text.empty()) {
            const auto sent = ::write(own_ >= 0 ? own_ : STDERR_FILENO, text.data(), text.size());
            if (sent <= 0) {
                return;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    // What was typed, with its line break; nothing at the input's end or after Ctrl-C. A C
    // library's stream would keep a copy.
    std::string_view read(std::span<char> into) const {
        std::array<pollfd, 2> waited{{{input(), POLLIN, 0}, {signals_, POLLIN, 0}}};
        while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
        }
        if (waited[1].revents != 0) {
            take_interrupt();
            return {};
        }
        const auto got = ::read(input(), into.data(), into.size());
        return {into.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

private:
    int input() const { return own_ >= 0 ? own_ : STDIN_FILENO; }

    // Ctrl-C is the answer "none"; the other signals are for who handles them.
    void take_interrupt() const {
        sigset_t pending{};
        if (::sigpending(&pending) == 0 && ::sigismember(&pending, SIGINT) == 1) {
            sigset_t interrupt{};
            ::sigemptyset(&interrupt);
            ::sigaddset(&interrupt, SIGINT);
            const timespec at_once{};
            ::sigtimedwait(&interrupt, nullptr, &at_once);
        }
    }

    int own_;
    int signals_ = -1;
    bool is_terminal_ = false;
    termios before_{};
    sigset_t signals_before_{};
};

// Without its line break.
result<secret_text> read_line(const std::string& question) {
    const terminal asked;
    if (!asked.can_be_asked()) {
        return not_entered();
    }
    asked.say(question);
    std::array<char, longest_line> line{};
    const auto got = asked.read(line);
    const secret_text value(got.substr(0, got.find('\n')));
    const bool ended = got.empty();
    OPENSSL_cleanse(line.data(), line.size());
    if (ended) {
        return not_entered();
    }
    return value;
}

}  // namespace

void protect_values(std::string_view who) {
    constexpr std::size_t locked_bytes = 1024 * 1024;
    const bool no_dumps = forbid_core_dumps();
    const bool locked = reserve_secret_memory(locked_bytes);
    if (!no_dumps || !locked) {
        std::cerr << who
                  << ": this system does not let memory be locked or kept out of core dumps; "
                     "values are wiped after use all the same\n";
    }
}

result<secret_text> ask_unseen(const std::string& question, typed how) {
    auto value = read_line(question);
    if (value && how == typed::twice) {
        const auto again = read_line("Once more. " + question);
        if (!again || !(*again == value->view())) {
            return error{{},
                         "no value was entered, or not the same one twice; nothing was changed"};
        }
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

#include "apps/evergrass/dev.hpp"

#include "apps/evergrass/admin_client.hpp"
#include "apps/evergrass/failure.hpp"
#include "apps/evergrass/folder_watch.hpp"
#include "apps/evergrass/handler_guess.hpp"
#include "apps/evergrass/invoke.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evergrass::cli {
namespace {

using clock = std::chrono::steady_clock;

constexpr int ended_by_user = 0;
constexpr int failed = 2;
// An editor's save is several changes, a build's many.
constexpr std::chrono::milliseconds quiet{150};
constexpr std::chrono::milliseconds longest_unrest{2000};

// Ctrl-C as something that poll() sees.
int open_signals() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    ::sigprocmask(SIG_BLOCK, &ends, nullptr);
    return ::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

class work {
public:
    work(const dev_options& options, core_connection core, std::unique_ptr<folder_watch> watch)
        : options_(options), core_(std::move(core)), watch_(std::move(watch)) {}
    ~work() {
        ::close(core_.descriptor);
        ::close(signals_);
    }
    work(const work&) = delete;
    work& operator=(const work&) = delete;

    int run() {
        take_lines();
        for (;;) {
            std::array<pollfd, 3> ready{pollfd{core_.descriptor, POLLIN, 0},
                                        pollfd{watch_->descriptor(), POLLIN, 0},
                                        pollfd{signals_, POLLIN, 0}};
            if (::poll(ready.data(), ready.size(), wait_ms()) < 0 && errno != EINTR) {
                return fail("cannot wait for the core");
            }
            if (ready[2].revents != 0) {
                show({{"event", "end"}});
                return ended_by_user;
            }
            if (ready[0].revents != 0 && !read_core()) {
                return fail(
                    "the core ended, and the function with it: start it (greengrassd start) and "
                    "run `evergrass dev` again");
            }
            if (ready[1].revents != 0) {
                note_changes();
                if (watch_->is_gone()) {
                    return fail(options_.directory.string() + " was removed or renamed");
                }
            }
            restart_if_due();
        }
    }

private:
    void show(const json::object& event) const {
        if (options_.json) {
            std::cout << json::serialize(event) << std::endl;
        } else {
            std::cout << shown_event(event) << std::flush;
        }
    }

    static int fail(const std::string& why) {
        std::cerr << "evergrass dev: " << why << "\n";
        return failed;
    }

    bool read_core() {
        std::array<char, 16 * 1024> part{};
        const auto got = ::read(core_.descriptor, part.data(), part.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            return true;
        }
        if (got <= 0) {
            return false;
        }
        core_.received.append(part.data(), static_cast<std::size_t>(got));
        take_lines();
        return true;
    }

    void take_lines() {
        std::size_t begin = 0;
        for (auto end = core_.received.find('\n'); end != std::string::npos;
             end = core_.received.find('\n', begin)) {
            const auto line = std::string_view(core_.received).substr(begin, end - begin);
            begin = end + 1;
            const auto parsed = parse_json(line);
            if (parsed && parsed->is_object()) {
                const auto& event = parsed->get_object();
                show(event);
                if (string_member(event, "event") == "up") {
                    invoke();
                }
            }
        }
        core_.received.erase(0, begin);
    }

    void send(const json::object& line) const {
        auto text = json::serialize(line) + "\n";
        for (std::string_view rest = text; !rest.empty();) {
            const auto sent = ::send(core_.descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EINTR) {
                return;  // its end is read
            }
            rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        }
    }

    // A file is read anew each time: it may be what was changed.
    void invoke() {
        if (!options_.payload && options_.topic.empty()) {
            return;
        }
        const auto named = options_.payload.value_or("{}");
        if (named != "-" || !payload_) {
            auto read = read_payload(named);
            if (!read) {
                show({{"event", "error"}, {"message", failure_text(read.error())}});
                return;
            }
            payload_ = std::move(*read);
        }
        json::object order{{"do", "invoke"}, {"payloadBase64", base64_encode(*payload_)}};
        if (!options_.topic.empty()) {
            order["clientContext"] =
                json::object{{"custom", json::object{{"subject", options_.topic}}}};
        }
        send(order);
    }

    void note_changes() {
        auto found = watch_->changes();
        if (found.empty()) {
            return;
        }
        const auto now = clock::now();
        if (changes_.empty()) {
            first_change_ = now;
        }
        due_ = std::min(now + quiet, first_change_ + longest_unrest);
        changes_.merge(found);
    }

    int wait_ms() const {
        if (changes_.empty()) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - clock::now()).count();
        return static_cast<int>(std::max<std::int64_t>(left, 0));
    }

    void restart_if_due() {
        if (changes_.empty() || clock::now() < due_) {
            return;
        }
        json::array files;
        for (const auto& file : changes_) {
            files.emplace_back(file);
        }
        show({{"event", "changed"}, {"files", std::move(files)}});
        changes_.clear();
        send({{"do", "restart"}});
    }

    const dev_options& options_;
    core_connection core_;
    std::unique_ptr<folder_watch> watch_;
    int signals_ = open_signals();
    std::optional<std::string> payload_;
    std::set<std::string> changes_;
    clock::time_point first_change_;
    clock::time_point due_;
};

std::string shown_result(const json::object& event) {
    const auto outcome = string_member(event, "outcome").value_or("");
    if (outcome == "refused") {
        return "= not invoked: " + string_member(event, "message").value_or("") + "\n";
    }
    std::array<char, 64> took{};
    std::snprintf(took.data(), took.size(), "%.2f ms",
                  static_cast<double>(int_member(event, "tookMicros").value_or(0)) / 1000);
    const auto body = base64_decode(string_member(event, "payloadBase64").value_or(""));
    return "= " + (outcome == "success" ? std::string("success") : outcome + " error") + " in " +
           took.data() + "\n" + (body && !body->empty() ? "  " + *body + "\n" : "");
}

}  // namespace

std::string function_name_of(const std::filesystem::path& folder) {
    constexpr std::size_t longest = 64;
    std::string name = folder.filename().string().substr(0, longest);
    for (char& c : name) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_';
        c = fits ? c : '-';
    }
    return name.empty() ? "function" : name;
}

result<json::object> development_of(const dev_options& options, std::string& said) {
    auto handler = options.handler;
    auto runtime = options.runtime;
    if (options.as.empty() && (handler.empty() || runtime.empty())) {
        if (handler.empty()) {
            const auto guess = guess_handler(options.directory, runtime);
            if (!guess) {
                return guess.error();
            }
            handler = guess->handler;
            said = "guessed the handler " + handler + " from " + guess->file;
            if (runtime.empty()) {
                runtime = guess->runtime;
                said += ", and the runtime " + runtime;
            }
        } else {
            const auto module = handler.substr(0, handler.rfind('.'));
            const bool python = std::filesystem::exists(options.directory / (module + ".py"));
            const bool nodejs = std::filesystem::exists(options.directory / (module + ".js"));
            if (python == nodejs) {
                return error{errc::invalid_input,
                             "which runtime does " + handler +
                                 " need? Name it with --runtime, as python3.8 and nodejs12.x are"};
            }
            runtime = python ? "python3.8" : "nodejs12.x";
            said = "guessed the runtime " + runtime + " from " + module + (python ? ".py" : ".js");
        }
    }
    json::object order{
        {"directory", options.directory.string()},
        {"name", options.name.empty() ? function_name_of(options.directory) : options.name},
        {"insteadOf", options.as},
        {"runtime", runtime},
        {"handler", handler},
        {"pinned", options.pinned}};
    if (options.timeout_seconds) {
        order["timeoutSeconds"] = *options.timeout_seconds;
    }
    return order;
}

std::string shown_changes(const std::set<std::string>& changes) {
    if (changes.empty() || changes.contains(".")) {
        return "many files changed";
    }
    const auto more = changes.size() - 1;
    return *changes.begin() + (more == 0 ? "" : " and " + std::to_string(more) + " more") +
           " changed";
}

std::string shown_event(const json::object& event) {
    const auto text = [&event](const char* name) {
        return string_member(event, name).value_or("");
    };
    const auto what = text("event");
    if (what == "log") {
        return "[" + text("level") + "] " + text("line") + "\n";
    }
    if (what == "result") {
        return shown_result(event);
    }
    if (what == "function") {
        const auto* takes = event.if_contains("takesAPlace");
        const bool takes_a_place = takes != nullptr && takes->is_bool() && takes->get_bool();
        return "* " + text("handler") + " (" + text("runtime") + ") runs as " + text("function") +
               (takes_a_place ? ", in place of the deployed one," : "") + " until Ctrl-C\n";
    }
    if (what == "guess") {
        return "* " + text("message") + "\n";
    }
    if (what == "up") {
        return "* it is up\n";
    }
    if (what == "ended") {
        return "* it ended: " + text("reason") +
               "\n* waits for a change (it is also tried for an invocation)\n";
    }
    if (what == "changed") {
        std::set<std::string> files;
        if (const auto* list = array_member(event, "files")) {
            for (const auto& file : *list) {
                files.emplace(file.get_string());
            }
        }
        return "* " + shown_changes(files) + ": starts anew\n";
    }
    if (what == "leftOut") {
        return "* lines of the log were left out, as they were not read fast enough\n";
    }
    if (what == "error") {
        return "* " + text("message") + "\n";
    }
    return what == "end" ? "* ends; the core removes it\n" : "";
}

int run_dev(const dev_options& given) {
    auto options = given;
    std::error_code code;
    options.directory = std::filesystem::canonical(given.directory, code);
    const auto say = [](const error& why) {
        std::cerr << "evergrass dev: " << failure_text(why) << "\n";
        return failed;
    };
    if (code || !std::filesystem::is_directory(options.directory)) {
        return say({errc::not_found, "'" + given.directory.string() +
                                         "' is no folder: name the one that holds the function's "
                                         "code"});
    }
    std::string guess;
    const auto order = development_of(options, guess);
    if (!order) {
        return say(order.error());
    }
    // Watched from before the first start, so that no change is missed.
    auto watch = folder_watch::open(options.directory);
    if (!watch) {
        return say(watch.error());
    }
    auto core =
        upgrade_at_core(options.socket.value_or(socket_of_root(options.root)), "/dev", *order);
    if (!core) {
        return say(core.error());
    }
    if (!guess.empty()) {
        const json::object event{{"event", "guess"}, {"message", guess}};
        std::cout << (options.json ? json::serialize(event) + "\n" : shown_event(event))
                  << std::flush;
    }
    return work(options, std::move(*core), std::move(*watch)).run();
}

}  // namespace evergrass::cli

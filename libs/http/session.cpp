#include "libs/http/session.hpp"

#include "libs/http/body_source.hpp"
#include "libs/http/response_writer.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace evergrass::http {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t watch_size = 512;  // a client that waits for a long poll sends nothing
constexpr std::size_t write_size = 256 * 1024;
// Of one body_source::read(): each costs a round trip to where the bytes are.
constexpr std::size_t most_of_source = 1024 * 1024;
// Of a client that sends its next request before the answer; more waits in the socket.
constexpr std::size_t most_read_ahead = 64 * 1024;
constexpr auto farewell_limit = 2'000ms;
// A handler that takes longer is watched over: it is cancelled when its client goes away.
constexpr auto unwatched = 100ms;

response plain_text(int status, std::string_view reason) {
    response answer;
    answer.status = status;
    answer.headers.add("content-type", "text/plain; charset=utf-8");
    answer.body = std::string(reason) + "\n";
    return answer;
}

constexpr std::string_view internal_error_text = "internal error; the log of this server says more";

std::string name_of(const request& asked) {
    return asked.method + " " + std::string(asked.path());
}

void log_exception(const session_settings& settings, const std::string& what,
                   std::string_view why) {
    settings.log.error("A request failed by an exception.", {{"request", what}, {"error", why}});
}

std::optional<response> answer_at_once(const session_settings& settings, request& asked) {
    if (!settings.options.at_once) {
        return std::nullopt;
    }
    try {
        return settings.options.at_once(asked);
    } catch (const std::exception& e) {
        log_exception(settings, name_of(asked), e.what());
        return plain_text(500, internal_error_text);
    }
}

// The handler as a coroutine that never throws but when it is cancelled.
asio::awaitable<response> guarded(const session_settings* settings, request asked) {
    const auto what = name_of(asked);
    std::string why;
    try {
        auto answer = co_await settings->handle(std::move(asked));
        co_return answer;
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            why = "cancelled";
        } else {
            why = e.what();
        }
    } catch (const std::exception& e) {
        why = e.what();
    }
    if (why == "cancelled") {
        settings->log.debug("A request was given up.", {{"request", what}});
    } else {
        log_exception(*settings, what, why);
    }
    co_return plain_text(500, internal_error_text);
}

class open_file {
public:
    explicit open_file(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        struct stat info {};
        if (fd_ >= 0 && ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) {
            size_ = static_cast<std::uint64_t>(info.st_size);
            good_ = true;
        }
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    bool good() const { return good_; }
    std::uint64_t size() const { return size_; }
    // False when the file is shorter than it was or cannot be read.
    bool read(std::string& into, std::uint64_t offset, std::size_t size) const {
        into.resize(size);
        std::size_t filled = 0;
        while (filled < size) {
            const auto got = ::pread(fd_, into.data() + filled, size - filled,
                                     static_cast<off_t>(offset + filled));
            if (got <= 0) {
                return false;
            }
            filled += static_cast<std::size_t>(got);
        }
        return true;
    }

private:
    int fd_;
    std::uint64_t size_ = 0;
    bool good_ = false;
};

}  // namespace

session::session(connection accepted, const session_settings& settings)
    : connection_(std::move(accepted)),
      settings_(settings),
      reader_(settings.options.max_header_bytes, settings.options.max_body_bytes),
      read_limit_(connection_.executor(), [this] { connection_.cancel(); }),
      write_limit_(connection_.executor(), [this] { connection_.close(); }),
      watch_begin_(connection_.executor(), [this] { begin_watch(); }),
      watch_over_(connection_.executor(), asio::steady_timer::time_point::max()) {}

void session::finish() {
    finishing_ = true;
    if (idle_) {
        cut();
    }
}

void session::cut() {
    cut_ = true;
    finishing_ = true;
    connection_.close();
    if (handling_) {
        cancel_handler_.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> session::run() {
    while (!cut_) {
        const auto read = co_await read_request();
        if (read == next::end) {
            break;
        }
        const auto answered = co_await answer_request();
        if (answered == next::upgraded) {
            co_return;
        }
        if (answered == next::end) {
            break;
        }
    }
    if (!cut_) {
        co_await connection_.shut_down(farewell_limit);
    }
}

// False when the connection ended or the time is up (read_limit_.expired() then).
asio::awaitable<bool> session::read_more(std::chrono::milliseconds limit, bool restart_limit) {
    if (restart_limit) {
        read_limit_.arm(limit);
    }
    if (read_limit_.expired() || cut_) {
        co_return false;
    }
    auto& buffer = reader_.buffer();
    const auto before = buffer.size();
    buffer.resize(before + read_size);
    const auto got = co_await connection_.read_some(asio::buffer(buffer) + before);
    buffer.resize(before + got.bytes);
    co_return !got.failed;
}

asio::awaitable<session::next> session::read_request() {
    while (!reader_.started()) {
        if (finishing_) {
            co_return next::end;
        }
        idle_ = true;
        const bool more = co_await read_more(settings_.options.idle_timeout, true);
        idle_ = false;
        if (!more) {
            co_return next::end;
        }
    }
    read_limit_.arm(settings_.options.header_timeout);
    bool in_body = false;
    for (;;) {
        const auto progress = reader_.advance();
        if (progress == request_reader::progress::complete) {
            read_limit_.disarm();
            co_return next::request;
        }
        if (progress == request_reader::progress::refused) {
            co_await refuse(reader_.why().status, reader_.why().reason);
            co_return next::end;
        }
        if (progress == request_reader::progress::headers_complete) {
            in_body = true;
            if (reader_.expects_continue() && reader_.buffer().empty()) {
                co_await write_bytes("HTTP/1.1 100 Continue\r\n\r\n");
            }
            read_limit_.arm(settings_.options.body_timeout);
            continue;
        }
        const bool more = co_await read_more(settings_.options.body_timeout, in_body);
        if (!more) {
            if (read_limit_.expired()) {
                const std::string why = in_body ? "no more of the body came in time"
                                                : "the request's header did not come in time";
                co_await refuse(408, why);
            }
            co_return next::end;
        }
    }
}

asio::awaitable<void> session::refuse(int status, std::string reason) {
    if (cut_) {
        co_return;
    }
    finishing_ = true;
    settings_.log.info(
        "A request was refused.",
        {{"remote", connection_.remote_address()}, {"status", status}, {"reason", reason}});
    const auto answer = plain_text(status, reason);
    co_await write(answer, false);
    co_await connection_.shut_down(farewell_limit);
}

void session::begin_watch() {
    if (!handling_ || watching_) {
        return;
    }
    watching_ = true;
    asio::co_spawn(connection_.executor(), watch(),
                   asio::bind_cancellation_slot(cancel_watch_.slot(),
                                                [self = shared_from_this()](std::exception_ptr) {
                                                    self->watching_ = false;
                                                    self->watch_over_.cancel();
                                                }));
}

// Reads ahead while the handler works; ends when the client went away, when it has sent much, and
// by end_watch().
asio::awaitable<void> session::watch() {
    auto& buffer = reader_.buffer();
    if (buffer.empty()) {
        std::string().swap(buffer);  // a long poll keeps no memory for what may come after it
    }
    std::string piece(watch_size, '\0');
    while (handling_ && buffer.size() < most_read_ahead) {
        const auto got = co_await connection_.read_some(asio::buffer(piece));
        buffer.append(piece, 0, got.bytes);
        if (got.failed) {
            if (handling_) {
                cut();  // nobody is there to hear the answer
            }
            co_return;
        }
    }
}

// After it nothing else reads.
asio::awaitable<void> session::end_watch() {
    watch_begin_.disarm();
    if (watching_) {
        cancel_watch_.emit(asio::cancellation_type::terminal);
    }
    while (watching_) {
        boost::system::error_code ignored;
        co_await watch_over_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

asio::awaitable<session::next> session::answer_request() {
    auto asked = reader_.take();
    asked.remote_address = connection_.remote_address();
    asked.peer = connection_.peer();
    request head;  // what answering needs to know once the handler has the request
    head.method = asked.method;
    if (const auto range = asked.headers.get("range")) {
        head.headers.add("range", std::string(*range));
    }
    if (auto answer = answer_at_once(settings_, asked)) {
        const auto answered = co_await write_answer(std::move(*answer), head);
        co_return answered;
    }
    handling_ = true;
    watch_begin_.arm(unwatched);
    auto answer = co_await guarded(&settings_, std::move(asked));
    handling_ = false;
    if (cut_) {
        watch_begin_.disarm();
        co_return next::end;
    }
    co_await end_watch();
    if (answer.upgrade) {
        const auto handed = co_await hand_over(std::move(answer));
        co_return handed;
    }
    const auto answered = co_await write_answer(std::move(answer), head);
    co_return answered;
}

asio::awaitable<session::next> session::write_answer(response answer, const request& asked) {
    bool written = false;
    if (!answer.file_path.empty()) {
        written = co_await write_file(std::move(answer), asked);
    } else if (answer.source) {
        written = co_await write_source(std::move(answer), asked);
    } else {
        written = co_await write(answer, asked.method == "HEAD");
    }
    co_return written&& keep_alive() ? next::request : next::end;
}

asio::awaitable<session::next> session::hand_over(response answer) {
    const auto head = response_head(answer, 0, true, false, std::chrono::system_clock::now());
    const bool written = co_await write_bytes(head);
    if (!written || cut_) {
        co_return next::end;
    }
    auto take = std::move(answer.upgrade);
    take(std::move(connection_), std::move(reader_.buffer()));
    co_return next::upgraded;
}

asio::awaitable<bool> session::write(const response& answer, bool is_head) {
    auto bytes = response_head(answer, answer.body.size(), keep_alive(), reader_.is_http_1_0(),
                               std::chrono::system_clock::now());
    if (is_head || answer.status == 204 || answer.status == 304) {
        const bool written = co_await write_bytes(bytes);
        co_return written;
    }
    if (answer.body.size() <= write_size) {
        bytes += answer.body;
        const bool written = co_await write_bytes(bytes);
        co_return written;
    }
    bool written = co_await write_bytes(bytes);
    if (written) {
        written = co_await write_bytes(answer.body);
    }
    co_return written;
}

// The head of an answer whose body has `size` bytes, and which of them follow: none for HEAD, for a
// range beyond the end, which is refused. nullopt: it was not written.
asio::awaitable<std::optional<byte_range>> session::write_head(response answer,
                                                               const request& asked,
                                                               std::uint64_t size) {
    const bool is_head = asked.method == "HEAD";
    byte_range part{0, size};
    answer.headers.set("accept-ranges", "bytes");
    if (const auto header = asked.headers.get("range"); header && answer.status == 200) {
        const auto range = parse_range(*header, size);
        if (!range) {
            auto beyond = plain_text(416, range.error().context);
            beyond.headers.add("content-range", "bytes */" + std::to_string(size));
            const bool written = co_await write(beyond, is_head);
            co_return written ? std::optional(byte_range{}) : std::nullopt;
        }
        if (*range) {
            part = **range;
            answer.status = 206;
            answer.headers.set("content-range", "bytes " + std::to_string(part.first) + "-" +
                                                    std::to_string(part.first + part.size - 1) +
                                                    "/" + std::to_string(size));
        }
    }
    const auto head = response_head(answer, part.size, keep_alive(), reader_.is_http_1_0(),
                                    std::chrono::system_clock::now());
    const bool written = co_await write_bytes(head);
    if (!written) {
        co_return std::nullopt;
    }
    co_return is_head ? byte_range{} : part;
}

asio::awaitable<bool> session::write_file(response answer, const request& asked) {
    const open_file file(answer.file_path);
    if (!file.good()) {
        settings_.log.error("A file that was to be sent cannot be read.",
                            {{"path", answer.file_path}});
        const auto missing = plain_text(500, "the file cannot be read");
        const bool written = co_await write(missing, asked.method == "HEAD");
        co_return written;
    }
    const auto part = co_await write_head(std::move(answer), asked, file.size());
    bool written = part.has_value();
    std::string piece;
    for (std::uint64_t sent = 0; written && sent < part->size; sent += piece.size()) {
        const auto size = std::min<std::uint64_t>(write_size, part->size - sent);
        if (!file.read(piece, part->first + sent, static_cast<std::size_t>(size))) {
            connection_.close();  // the length was promised: only a cut tells the client
            co_return false;
        }
        written = co_await write_bytes(piece);
    }
    co_return written;
}

asio::awaitable<bool> session::write_source(response answer, const request& asked) {
    const auto source = std::move(answer.source);
    const auto part = co_await write_head(std::move(answer), asked, source->size());
    bool written = part.has_value();
    std::uint64_t sent = 0;
    while (written && sent < part->size) {
        const auto from = part->first + sent;
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(most_of_source, part->size - sent));
        const std::function<result<std::string>()> read = [source, from, most] {
            return source->read(from, most);
        };
        const auto piece = co_await rt::run_on<result<std::string>>(source->where(), read);
        if (!piece || piece->empty() || piece->size() > most) {
            settings_.log.error(
                "A connection was cut, because the rest of an answer cannot be read.",
                {{"remote", connection_.remote_address()},
                 {"error",
                  piece ? std::string("a piece of a wrong size") : piece.error().message()}});
            connection_.close();
            co_return false;
        }
        written = co_await write_bytes(*piece);
        sent += piece->size();
    }
    co_return written;
}

asio::awaitable<bool> session::write_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, write_size);
        write_limit_.arm(settings_.options.body_timeout);
        const auto done = co_await connection_.write(asio::buffer(piece));
        write_limit_.disarm();
        if (done.failed) {
            co_return false;
        }
        bytes.remove_prefix(piece.size());
    }
    co_return true;
}

}  // namespace evergrass::http

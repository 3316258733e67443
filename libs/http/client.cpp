#include "libs/http/client.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/secret_text.hpp"
#include "libs/http/connection.hpp"
#include "libs/http/download_file.hpp"
#include "libs/http/response_reader.hpp"
#include "libs/rt/deadline.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>

namespace evergrass::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t read_size = 16 * 1024;
constexpr std::size_t most_quoted_bytes = 1000;

// Gets each piece of the body; an error ends the exchange.
using body_sink = std::function<result<void>(const response& head, std::string& piece)>;

std::string serialize(const request& r, const client_options& options) {
    std::string text = r.method + " " + r.target + " HTTP/1.1\r\n";
    if (!r.headers.get("host")) {
        const auto& name = options.server_name.empty() ? options.host : options.server_name;
        const bool is_v6 = name.find(':') != std::string::npos;
        text += "Host: " + (is_v6 ? "[" + name + "]" : name);
        if (options.port != (options.tls ? 443 : 80)) {
            text += ":" + std::to_string(options.port);
        }
        text += "\r\n";
    }
    for (const auto& [name, value] : r.headers.all()) {
        text.append(name).append(": ").append(value).append("\r\n");
    }
    if (!r.headers.get("content-length") &&
        (!r.body.empty() || (r.method != "GET" && r.method != "HEAD"))) {
        text += "Content-Length: " + std::to_string(r.body.size()) + "\r\n";
    }
    return text + "\r\n" + r.body;
}

std::optional<std::uint64_t> number_after(std::string_view text, char mark) {
    const auto at = text.rfind(mark);
    std::uint64_t value = 0;
    if (at == std::string_view::npos ||
        std::from_chars(text.data() + at + 1, text.data() + text.size(), value).ec != std::errc()) {
        return std::nullopt;
    }
    return value;
}

error status_error(int status, const std::string& body, const request& r) {
    const auto code = status == 404                    ? errc::not_found
                      : status == 401 || status == 403 ? errc::denied
                      : status >= 500 || status == 429 ? errc::unavailable
                                                       : errc::invalid_input;
    return {code, r.method + " " + std::string(r.path()) + " was answered " +
                      std::to_string(status) + " " + body.substr(0, most_quoted_bytes)};
}

// What is sent may hold secrets: no copy of it stays in memory that others get.
struct wiped_at_end {
    explicit wiped_at_end(std::string& which) : text(which) {}
    ~wiped_at_end() { wipe(text); }
    wiped_at_end(const wiped_at_end&) = delete;
    wiped_at_end& operator=(const wiped_at_end&) = delete;
    std::string& text;
};

// Where the bytes of a download go and what they have to look like.
struct download_state {
    download_file file;
    std::uint64_t max_bytes;
    std::string quoted{};  // of an answer that is not the file
    bool begun = false;

    result<void> take(const response& head, std::string_view piece);
};

result<void> download_state::take(const response& head, std::string_view piece) {
    if (head.status != 200 && head.status != 206) {
        quoted.append(
            piece.substr(0, most_quoted_bytes - std::min(most_quoted_bytes, quoted.size())));
        return {};
    }
    if (!begun) {
        begun = true;
        const auto range = head.headers.get("content-range").value_or("");
        const bool resumes =
            head.status == 206 && range.starts_with("bytes " + std::to_string(file.size()) + "-");
        if (head.status == 206 && !resumes) {
            return error{errc::invalid_input,
                         "the answer holds another range: " + std::string(range)};
        }
        if (head.status == 200) {
            if (auto emptied = file.restart(); !emptied) {
                return emptied.error();
            }
        }
    }
    if (file.size() + piece.size() > max_bytes) {
        return error{errc::too_large,
                     "the answer is larger than " + std::to_string(max_bytes) + " bytes"};
    }
    return file.append(piece);
}

}  // namespace

class client::implementation {
public:
    implementation(asio::any_io_executor executor, client_options options)
        : executor_(std::move(executor)), options_(std::move(options)) {}

    // A coroutine keeps `self` alive, for the client may be destroyed while it waits.
    static asio::awaitable<result<response>> send(std::shared_ptr<implementation> self, request r) {
        const wiped_at_end body_of_request(r.body);
        std::string body;
        const auto most = self->options_.max_body_bytes;
        const body_sink gather = [&body, most](const response&, std::string& piece) {
            if (body.size() + piece.size() > most) {
                return result<void>(error{errc::too_large, "the answer is larger than " +
                                                               std::to_string(most) + " bytes"});
            }
            body += piece;
            return result<void>();
        };
        auto head = co_await self->exchange(&r, &gather, false);
        if (head) {
            head->body = std::move(body);
        }
        co_return head;
    }

    static asio::awaitable<result<void>> download(std::shared_ptr<implementation> self, request r,
                                                  std::filesystem::path path,
                                                  std::uint64_t max_bytes) {
        for (bool again = false;; again = true) {
            auto file = download_file::open(path);
            if (!file) {
                co_return file.error();
            }
            download_state state{std::move(*file), max_bytes};
            const auto resumed_at = state.file.size();
            if (resumed_at != 0) {
                r.headers.set("Range", "bytes=" + std::to_string(resumed_at) + "-");
            }
            const body_sink write = [&state](const response& head, std::string& piece) {
                return state.take(head, piece);
            };
            const auto head = co_await self->exchange(&r, &write, true);
            if (!head) {
                co_return head.error();
            }
            if (head->status == 416 && resumed_at != 0) {
                const auto range = head->headers.get("content-range").value_or("");
                if (number_after(range, '/') == resumed_at) {
                    co_return state.file.finish();  // it was complete already
                }
                if (!again) {
                    if (auto emptied = state.file.restart(); !emptied) {
                        co_return emptied.error();
                    }
                    r.headers.set("Range", "bytes=0-");
                    continue;
                }
            }
            if (head->status != 200 && head->status != 206) {
                co_return status_error(head->status, state.quoted, r);
            }
            if (auto complete = state.take(*head, {}); !complete) {
                co_return complete.error();  // an empty file has no piece that emptied the old one
            }
            co_return state.file.finish();
        }
    }

private:
    // One request and its response, on the idle connection if there is one. When that was closed
    // by the server before a byte of the answer, the request is sent again on a new one.
    asio::awaitable<result<response>> exchange(const request* r, const body_sink* sink,
                                               bool limit_progress_only) {
        for (;;) {
            const bool reused = idle_ != nullptr;
            auto link = std::move(idle_);
            if (!reused) {
                auto dialled = co_await dial();
                if (!dialled) {
                    co_return transport_error(dialled.error());
                }
                link = std::move(*dialled);
            }
            bool answered = false;
            auto head = co_await talk(link.get(), r, sink, limit_progress_only, &answered);
            if (head) {
                if (reusable_) {
                    idle_ = std::move(link);
                }
                co_return head;
            }
            const auto state = co_await asio::this_coro::cancellation_state;
            const bool cancelled = state.cancelled() != asio::cancellation_type::none;
            if (!reused || answered || cancelled || head.error().code == errc::timed_out) {
                co_return with_context(head.error(), where());
            }
        }
    }

    asio::awaitable<result<std::unique_ptr<connection>>> dial() {
        rt::dial_options to;
        to.host = options_.host;
        to.port = options_.port;
        to.server_name = options_.server_name;
        to.timeout = options_.connect_timeout;
        to.proxy = options_.proxy;
        if (options_.tls) {
            auto secure = co_await rt::dial_tls(options_.tls, to);
            if (!secure) {
                co_return secure.error();
            }
            co_return std::make_unique<connection>(std::move(*secure));
        }
        auto plain = co_await rt::dial_plain(to);
        if (!plain) {
            co_return plain.error();
        }
        co_return std::make_unique<connection>(std::move(*plain));
    }

    asio::awaitable<result<response>> talk(connection* link, const request* r,
                                           const body_sink* sink, bool limit_progress_only,
                                           bool* answered) {
        reusable_ = false;
        rt::deadline limit(executor_, [link] { link->close(); });
        limit.arm(options_.response_timeout);
        auto text = serialize(*r, options_);
        const wiped_at_end sent(text);
        const auto written = co_await link->write(asio::buffer(text));
        wipe(text);
        response_reader reader(r->method == "HEAD");
        // A server may refuse the request before it took all of it: what it says is still read.
        if (written.failed && limit.expired()) {
            co_return timed_out();
        }
        std::string piece;
        for (;;) {
            piece.clear();
            auto complete = reader.advance(piece);
            if (!complete) {
                co_return complete.error();
            }
            if (!piece.empty()) {
                if (auto taken = (*sink)(reader.head(), piece); !taken) {
                    co_return taken.error();
                }
            }
            if (*complete) {
                reusable_ = reader.keep_alive() && !written.failed;
                co_return reader.head();
            }
            if (limit_progress_only) {
                limit.arm(options_.response_timeout);
            }
            auto& buffer = reader.buffer();
            const auto before = buffer.size();
            buffer.resize(before + read_size);
            const auto got = co_await link->read_some(asio::buffer(buffer) + before);
            buffer.resize(before + got.bytes);
            *answered = *answered || got.bytes != 0;
            if (limit.expired()) {
                co_return timed_out();
            }
            if (got.failed) {
                if (reader.end_of_stream()) {
                    co_return reader.head();
                }
                const auto& failed = written.failed && !*answered ? written.failed : got.failed;
                co_return error{errc::unavailable, link->explain(failed)};
            }
        }
    }

    // Callers tell what goes away by itself from a refusal by the code; the sentence stays.
    static error transport_error(const error& e) {
        return {e.code == errc::timed_out ? errc::timed_out : errc::unavailable, e.message()};
    }

    error timed_out() const {
        return {errc::timed_out, "no complete answer within " +
                                     std::to_string(options_.response_timeout.count()) + " ms"};
    }

    std::string where() const {
        return "talking to " + options_.host + " port " + std::to_string(options_.port);
    }

    asio::any_io_executor executor_;
    client_options options_;
    std::unique_ptr<connection> idle_;
    bool reusable_ = false;  // of the connection that talk() used last
};

client::client(asio::any_io_executor executor, client_options options)
    : implementation_(std::make_shared<implementation>(std::move(executor), std::move(options))) {}

client::~client() = default;

asio::awaitable<result<response>> client::send(request r) {
    return implementation::send(implementation_, std::move(r));
}

asio::awaitable<result<void>> client::download(request r, std::filesystem::path path,
                                               std::uint64_t max_bytes) {
    return implementation::download(implementation_, std::move(r), std::move(path), max_bytes);
}

}  // namespace evergrass::http

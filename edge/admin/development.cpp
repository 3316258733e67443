#include "edge/admin/development.hpp"

#include "edge/admin/json_answer.hpp"
#include "libs/base/errors.hpp"
#include "libs/http/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

namespace evergrass::edge {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_order = 9 * 1024 * 1024;      // a payload of 6 MiB in base64
constexpr std::size_t most_unsent_lines = 4 * 1024 * 1024;  // bytes, while the client does not read

error wrong(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

int status_of(const error& e) {
    if (e.code == errc::not_found) {
        return 404;
    }
    if (e.code == errc::conflict) {
        return 409;
    }
    return e.code == errc::unavailable ? 503 : 400;
}

json::object event_of(const development_report& report) {
    switch (report.what) {
        case development_report::kind::up:
            return {{"event", "up"}};
        case development_report::kind::ended:
            return {{"event", "ended"}, {"reason", report.text}};
        default:
            return {{"event", "log"}, {"level", report.level}, {"line", report.text}};
    }
}

}  // namespace

result<development_order> read_development(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) {
        return parsed.error();
    }
    const auto* object = parsed->if_object();
    if (object == nullptr) {
        return wrong(R"(send {"directory": ..., "name": ..., "runtime": ..., "handler": ...})");
    }
    development_order order;
    for (const auto& [name, value] : *object) {
        std::string* text = name == "directory"   ? &order.directory
                            : name == "insteadOf" ? &order.instead_of
                            : name == "name"      ? &order.name
                            : name == "runtime"   ? &order.runtime
                            : name == "handler"   ? &order.handler
                                                  : nullptr;
        if (text != nullptr && value.is_string()) {
            *text = value.get_string();
        } else if (name == "pinned" && value.is_bool()) {
            order.pinned = value.get_bool();
        } else if (name == "timeoutSeconds" && value.is_int64() && value.get_int64() >= 1 &&
                   value.get_int64() <= 86'400) {
            order.timeout_seconds = value.get_int64();
        } else {
            return wrong("'" + std::string(name) +
                         "' is no member or of the wrong kind: there are directory, insteadOf, "
                         "name, runtime and handler (strings), pinned (a boolean) and "
                         "timeoutSeconds (1 to 86400)");
        }
    }
    if (order.directory.empty()) {
        return wrong("directory is missing: the folder that holds the function's code");
    }
    return order;
}

namespace {

class session : public development_session, public std::enable_shared_from_this<session> {
public:
    session(asio::any_io_executor executor, invoker invoke)
        : executor_(std::move(executor)), invoke_(std::move(invoke)), written_(executor_) {}

    http::response begin(development_order order, const developer& develop) {
        auto begun = develop(std::move(order), [weak = weak_from_this()](development_report told) {
            if (const auto self = weak.lock()) {
                self->send(event_of(told));
            }
        });
        if (!begun) {
            return json_response(
                status_of(begun.error()),
                {{"message", begun.error().context.empty() ? begun.error().message()
                                                           : begun.error().context}});
        }
        work_ = std::move(*begun);
        auto hello = work_->describe();
        hello["event"] = "function";
        send(std::move(hello));
        http::response answer;
        answer.status = 101;
        answer.headers.add("upgrade", "evergrass-dev");
        // A client that is gone before this leaves nobody who holds the session.
        answer.upgrade = [self = shared_from_this()](http::connection&& taken,
                                                     std::string received) {
            self->connection_.emplace(std::move(taken));
            self->received_ = std::move(received);
            asio::co_spawn(self->executor_, read(self), asio::detached);
            asio::co_spawn(self->executor_, write(self), asio::detached);
        };
        return answer;
    }

    void close() override {
        closed_ = true;
        work_.reset();
        if (connection_) {
            connection_->close();
        }
        written_.cancel();
    }

private:
    void send(json::object line) {
        if (unsent_.size() > most_unsent_lines) {
            ++left_out_;
            return;
        }
        if (left_out_ > 0) {
            unsent_ +=
                json::serialize(json::object{{"event", "leftOut"}, {"lines", left_out_}}) + "\n";
            left_out_ = 0;
        }
        unsent_ += json::serialize(line) + "\n";
        written_.cancel();
    }

    static asio::awaitable<void> write(std::shared_ptr<session> self) {
        while (!self->closed_) {
            if (self->unsent_.empty()) {
                self->written_.expires_at(asio::steady_timer::time_point::max());
                co_await self->written_.async_wait(asio::as_tuple(asio::use_awaitable));
                continue;
            }
            const auto text = std::exchange(self->unsent_, {});
            const auto sent = co_await self->connection_->write(asio::buffer(text));
            if (sent.failed) {
                self->close();
            }
        }
    }

    static asio::awaitable<void> read(std::shared_ptr<session> self) {
        std::array<char, 16 * 1024> part{};
        while (!self->closed_) {
            self->take_lines();
            if (self->received_.size() > longest_order) {
                break;
            }
            const auto got = co_await self->connection_->read_some(asio::buffer(part));
            if (got.failed) {
                break;
            }
            self->received_.append(part.data(), got.bytes);
        }
        self->close();
    }

    void take_lines() {
        std::size_t begin = 0;
        for (auto end = received_.find('\n'); end != std::string::npos && !closed_;
             end = received_.find('\n', begin)) {
            take(std::string_view(received_).substr(begin, end - begin));
            begin = end + 1;
        }
        received_.erase(0, begin);
    }

    void take(std::string_view line) {
        const auto parsed = parse_json(line);
        const auto* object = parsed ? parsed->if_object() : nullptr;
        const auto what = object != nullptr ? string_member(*object, "do").value_or("") : "";
        if (what == "restart") {
            work_->restart();
        } else if (what == "invoke") {
            invoke(*object);
        } else {
            send({{"event", "error"},
                  {"message", R"(send {"do": "restart"} or {"do": "invoke", ...}, one a line)"}});
        }
    }

    void invoke(json::object members) {
        members.erase("do");
        members["function"] = work_->arn();
        auto asked = read_invocation(json::serialize(members));
        if (!asked) {
            send({{"event", "error"}, {"message", asked.error().context}});
            return;
        }
        asio::co_spawn(executor_, answer(shared_from_this(), std::move(*asked)), asio::detached);
    }

    static asio::awaitable<void> answer(std::shared_ptr<session> self, invocation_request asked) {
        auto came = co_await self->invoke_(std::move(asked));
        auto line = came ? to_json(*came)
                         : json::object{{"outcome", "refused"}, {"message", came.error().context}};
        line["event"] = "result";
        self->send(std::move(line));
    }

    asio::any_io_executor executor_;
    invoker invoke_;
    asio::steady_timer written_;  // wakes the writer
    std::unique_ptr<development_work> work_;
    std::optional<http::connection> connection_;
    std::string received_;
    std::string unsent_;
    std::int64_t left_out_ = 0;
    bool closed_ = false;
};

}  // namespace

development_answer begin_development(asio::any_io_executor executor, development_order order,
                                     const developer& develop, invoker invoke) {
    const auto made = std::make_shared<session>(std::move(executor), std::move(invoke));
    return {made->begin(std::move(order), develop), made};
}

}  // namespace evergrass::edge

#include "edge/shadows/admin_request.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/shadow/errors.hpp"
#include "libs/shadow/parse.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace evergrass::edge {
namespace {

namespace asio = boost::asio;
using shadow::operation;

constexpr std::chrono::seconds longest_watch{20};
constexpr std::size_t deepest_answer = 64;

error wrong(std::string what) {
    return {errc::invalid_input, std::move(what)};
}

http::response json_answer(int status, std::string body) {
    http::response r;
    r.status = status;
    r.headers.add("content-type", "application/json");
    r.body = std::move(body);
    return r;
}

result<void> read_operation(std::string_view word, shadow_admin_request& into) {
    using kind = shadow_admin_request::kind;
    static constexpr std::array<std::pair<std::string_view, kind>, 2> others = {
        {{"watch", kind::watch}, {"list", kind::list}}};
    for (const auto each : {operation::get, operation::update, operation::remove}) {
        if (word == shadow::to_string(each)) {
            into.operation = each;
            return {};
        }
    }
    for (const auto& [name, what] : others) {
        if (word == name) {
            into.what = what;
            return {};
        }
    }
    return wrong("operation is '" + std::string(word) +
                 "': there are get, update, delete, watch and list");
}

result<void> check(const shadow_admin_request& asked) {
    if (asked.what == shadow_admin_request::kind::list) {
        return {};
    }
    if (!shadow::is_thing_name(asked.which.thing)) {
        return wrong("thing must be 1 to 128 of a-z, A-Z, 0-9, '_', '-' and ':'");
    }
    if (!asked.which.name.empty() && !shadow::is_shadow_name(asked.which.name)) {
        return wrong("name must be 1 to 64 of a-z, A-Z, 0-9, '_', '-' and ':'");
    }
    return {};
}

using answered = std::function<void(const result<std::string>&)>;

// Calls `start` and waits for what the callback gets.
asio::awaitable<result<std::string>> answer_of(std::function<void(answered)> start) {
    const auto executor = co_await asio::this_coro::executor;
    const auto done = std::make_shared<asio::steady_timer>(executor, mono_time::max());
    const auto came = std::make_shared<std::optional<result<std::string>>>();
    start([done, came](const result<std::string>& body) {
        *came = body;
        done->cancel();
    });
    co_await done->async_wait(asio::as_tuple(asio::use_awaitable));
    if (!came->has_value()) {
        co_return error{errc::unavailable, "the core stops"};
    }
    co_return std::move(**came);
}

asio::awaitable<result<std::string>> ask(shadow_service& service, shadow_admin_request asked) {
    std::function<void(answered)> start = [&service, asked = std::move(asked)](answered tell) {
        service.ask(asked.which, asked.operation, asked.payload, std::move(tell));
    };
    return answer_of(std::move(start));
}

asio::awaitable<result<std::string>> list(shadow_service& service) {
    std::function<void(answered)> start = [&service](answered tell) {
        service.list(std::move(tell));
    };
    return answer_of(std::move(start));
}

std::string told(const result<std::string>& body) {
    if (body) {
        return R"({"accepted":)" + *body + "}";
    }
    const auto refused = shadow::to_refusal(body.error());
    return json::serialize(json::object{
        {"rejected", json::object{{"code", refused.code}, {"message", refused.message}}}});
}

std::int64_t version_of(const result<std::string>& body) {
    const auto parsed =
        body ? shadow::parse(*body, deepest_answer) : result<json::value>(body.error());
    return parsed && parsed->is_object() ? int_member(parsed->get_object(), "version").value_or(0)
                                         : 0;
}

asio::awaitable<std::string> watch(shadow_service& service, shadow_admin_request asked) {
    const auto limit = std::chrono::steady_clock::now() + longest_watch;
    const auto executor = co_await asio::this_coro::executor;
    for (;;) {
        // First, so that no change is missed between the question and the wait.
        const auto waiting = std::make_shared<shadow_watcher>(executor, limit);
        service.watch(asked.which, waiting);
        const auto body = co_await ask(service, asked);
        if (version_of(body) != asked.seen) {
            co_return told(body);
        }
        if (!waiting->changed) {
            co_await waiting->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        if (!waiting->changed) {
            co_return R"({"unchanged":true})";
        }
    }
}

}  // namespace

result<shadow_admin_request> read_shadow_request(std::string_view body) {
    const auto parsed = parse_json(body);
    if (!parsed) {
        return parsed.error();
    }
    const auto* object = parsed->if_object();
    if (object == nullptr) {
        return wrong(R"(send {"operation": ..., "thing": ..., "name": ..., "payload": ...})");
    }
    shadow_admin_request asked;
    std::string word;
    for (const auto& [name, value] : *object) {
        if (name == "operation" && value.is_string()) {
            word = value.get_string();
        } else if (name == "thing" && value.is_string()) {
            asked.which.thing = value.get_string();
        } else if (name == "name" && value.is_string()) {
            asked.which.name = value.get_string();
        } else if (name == "payload" && value.is_string()) {
            asked.payload = value.get_string();
        } else if (name == "version" && value.is_int64() && value.get_int64() >= 0) {
            asked.seen = value.get_int64();
        } else {
            return wrong("'" + std::string(name) +
                         "' is no member or of the wrong kind: there are operation, thing, name "
                         "and payload (strings) and version (a number)");
        }
    }
    if (auto read = read_operation(word, asked); !read) {
        return read.error();
    }
    if (auto checked = check(asked); !checked) {
        return checked.error();
    }
    return asked;
}

asio::awaitable<http::response> answer_shadow_request(shadow_service& service, std::string body) {
    auto asked = read_shadow_request(body);
    if (!asked) {
        co_return json_answer(400,
                              json::serialize(json::object{{"message", asked.error().message()}}));
    }
    if (asked->what == shadow_admin_request::kind::watch) {
        auto watched = co_await watch(service, std::move(*asked));
        co_return json_answer(200, std::move(watched));
    }
    if (asked->what == shadow_admin_request::kind::list) {
        const auto all = co_await list(service);
        co_return json_answer(200, all ? R"({"shadows":)" + *all + "}" : told(all));
    }
    const auto body_of_answer = co_await ask(service, std::move(*asked));
    co_return json_answer(200, told(body_of_answer));
}

}  // namespace evergrass::edge

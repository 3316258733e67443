#include "cloud/iot/device_shadow.hpp"

#include "cloud/gateway/output.hpp"
#include "cloud/iot/data_operations.hpp"
#include "cloud/iot/records.hpp"
#include "cloud/iot/shadow_operations.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/random.hpp"
#include "libs/rt/run_on.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;
using shadow::operation;

constexpr std::string_view shadow_prefix = "/things/";
constexpr std::string_view shadow_suffix = "/shadow";
constexpr std::string_view list_prefix = "/api/things/shadow/ListNamedShadowsForThing/";

http::response refuse(api_error why) {
    why.extra["traceId"] = uuid_v4();
    return shape_error(why);
}

http::response answer_json(std::string body) {
    http::response answer;
    answer.headers.add("content-type", "application/json");
    answer.body = std::move(body);
    return answer;
}

struct shadow_path {
    std::string_view thing;  // as in the path, percent-encoded
    bool is_list = false;
};

std::optional<shadow_path> parse_path(std::string_view path) {
    if (path.starts_with(list_prefix)) {
        path.remove_prefix(list_prefix.size());
        return path.find('/') == std::string_view::npos ? std::optional(shadow_path{path, true})
                                                        : std::nullopt;
    }
    if (path.size() < shadow_prefix.size() + shadow_suffix.size() ||
        !path.starts_with(shadow_prefix) || !path.ends_with(shadow_suffix)) {
        return std::nullopt;
    }
    path.remove_prefix(shadow_prefix.size());
    path.remove_suffix(shadow_suffix.size());
    return path.find('/') == std::string_view::npos ? std::optional(shadow_path{path, false})
                                                    : std::nullopt;
}

std::optional<operation> operation_of(std::string_view method) {
    if (method == "GET") {
        return operation::get;
    }
    if (method == "POST") {
        return operation::update;
    }
    return method == "DELETE" ? std::optional(operation::remove) : std::nullopt;
}

std::string_view action_of(operation what) {
    switch (what) {
        case operation::get:
            return "iot:GetThingShadow";
        case operation::update:
            return "iot:UpdateThingShadow";
        case operation::remove:
            break;
    }
    return "iot:DeleteThingShadow";
}

bool may(const device_shadows& in, const http::request& asked, std::string_view action,
         const std::string& resource) {
    return asked.peer &&
           in.authority->allows(asked.peer->id, action, in.identity->iot_arn(resource), "");
}

std::optional<std::string> thing_of(const shadow_path& path) {
    auto thing = percent_decode(path.thing);
    return thing && shadow::is_thing_name(*thing) ? std::optional(std::move(*thing)) : std::nullopt;
}

api_error bad_thing_name() {
    return iot::invalid_request(
        "The thing's name in the path must be 1 to 128 of a-z, A-Z, 0-9, '_', '-' and ':'.");
}

api_error forbidden() {
    return {403, "ForbiddenException", "Forbidden", {}};
}

api_error wrong_method() {
    return {405, "MethodNotAllowedException", "Method Not Allowed", {}};
}

// Asks, and resumes the coroutine on its own executor with the answer.
struct ask_and_resume {
    template <class Handler>
    void operator()(Handler resume, shadow_service* shadows, shadow_request asked) const {
        auto home = asio::make_work_guard(asio::get_associated_executor(resume));
        auto kept = std::make_shared<Handler>(std::move(resume));
        asked.answered = [kept, home](const result<std::string>& body) {
            asio::post(home.get_executor(), [kept, body] { std::move (*kept)(body); });
        };
        shadows->ask(std::move(asked));
    }
};

// Nothing: the thing and the shadow may be asked for. Else why not.
std::optional<api_error> read_request(const device_shadows& in, const http::request& asked,
                                      const shadow_path& path, shadow_request& into) {
    const auto what = operation_of(asked.method);
    if (!what) {
        return wrong_method();
    }
    into.what = *what;
    auto thing = thing_of(path);
    if (!thing) {
        return bad_thing_name();
    }
    into.which.thing = std::move(*thing);
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name != "name") {
            continue;
        }
        if (!shadow::is_shadow_name(value)) {
            return iot::invalid_request("name must be 1 to 64 of a-z, A-Z, 0-9, '_', '-' and ':'.");
        }
        into.which.name = value;
    }
    const auto resource =
        "thing/" + into.which.thing + (into.which.name.empty() ? "" : "/" + into.which.name);
    return may(in, asked, action_of(*what), resource) ? std::nullopt : std::optional(forbidden());
}

asio::awaitable<http::response> serve_shadow(device_shadows in, http::request asked,
                                             shadow_path path) {
    shadow_request wanted;
    if (auto refused = read_request(in, asked, path, wanted)) {
        co_return refuse(std::move(*refused));
    }
    if (wanted.what == operation::update) {
        wanted.payload = std::move(asked.body);
    }
    auto body =
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void(result<std::string>)>(
            ask_and_resume(), asio::use_awaitable, in.shadows, std::move(wanted));
    co_return body ? answer_json(std::move(*body)) : refuse(iot::to_api_error(body.error()));
}

call list_call(const http::request& asked, const std::string& thing) {
    call made;
    made.input["thingName"] = thing;
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name == "pageSize" || name == "nextToken") {
            made.input[name] = value;
        }
    }
    return made;
}

asio::awaitable<http::response> serve_list(device_shadows in, http::request asked,
                                           shadow_path path) {
    if (asked.method != "GET") {
        co_return refuse(wrong_method());
    }
    const auto thing = thing_of(path);
    if (!thing) {
        co_return refuse(bad_thing_name());
    }
    if (!may(in, asked, "iot:ListNamedShadowsForThing", "thing/" + *thing)) {
        co_return refuse(forbidden());
    }
    const auto made = list_call(asked, *thing);
    std::function<api_result()> look = [&] {
        return iot::list_named_shadows_for_thing(*in.state, *in.time, made);
    };
    auto listed = co_await rt::run_on(in.blocking, std::move(look));
    co_return listed ? answer_json(json::serialize(listed->output)) : refuse(listed.error());
}

}  // namespace

asio::awaitable<http::response> shadow_over_https(device_shadows in, http::request asked) {
    // A copy: the path views into it while the request moves on.
    const std::string target(asked.path());
    const auto path = parse_path(target);
    if (!path) {
        co_return refuse({404, "UnknownOperationException", "Not Found", {}});
    }
    auto answer = path->is_list ? serve_list(std::move(in), std::move(asked), *path)
                                : serve_shadow(std::move(in), std::move(asked), *path);
    auto done = co_await std::move(answer);
    co_return done;
}

bool is_shadow_path(std::string_view path) {
    return parse_path(path).has_value();
}

}  // namespace evergrass::cloud

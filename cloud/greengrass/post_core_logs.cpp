#include "cloud/greengrass/post_core_logs.hpp"

#include "cloud/greengrass/ship_logs.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"
#include "libs/rt/run_on.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

namespace evergrass::cloud::greengrass {
namespace {

constexpr std::string_view before_thing = "/evergrass/v1/cores/";
constexpr std::string_view behind_thing = "/logs";
constexpr std::size_t longest_name = 512;
constexpr std::int64_t two_weeks = 14LL * 24 * 60 * 60 * 1000;
constexpr std::int64_t two_hours = 2LL * 60 * 60 * 1000;

bool is_allowed(const told_log& told, const std::string& thing) {
    return (told.group.starts_with("/aws/greengrass/GreengrassSystem/") ||
            told.group.starts_with("/aws/greengrass/Lambda/")) &&
           told.group.size() <= longest_name && told.stream.ends_with("/" + thing) &&
           told.stream.size() <= longest_name &&
           told.stream.find_first_of(":*") == told.stream.npos;
}

// nullopt: it is none.
std::optional<told_log> read_log(const json::value& value, std::int64_t now) {
    const auto* object = value.if_object();
    const auto* events = object != nullptr ? array_member(*object, "events") : nullptr;
    if (events == nullptr) {
        return std::nullopt;
    }
    told_log read{string_member(*object, "group").value_or(""),
                  string_member(*object, "stream").value_or(""),
                  {}};
    for (const auto& each : *events) {
        const auto* event = each.if_object();
        const auto at = event != nullptr ? int_member(*event, "timestamp") : std::nullopt;
        auto message = event != nullptr ? string_member(*event, "message") : std::nullopt;
        if (!at || !message) {
            return std::nullopt;
        }
        // As PutLogEvents leaves out what is of another time.
        if (*at > now - two_weeks && *at < now + two_hours && !message->empty()) {
            read.events.push_back({*at, std::move(*message)});
        }
    }
    std::ranges::stable_sort(read.events, {}, &logs::new_event::at);
    return read;
}

answer<void> keep(logs::log_registry& in, const told_log& told) {
    auto group = logs::find_group(in, told.group);
    if (!group) {
        return group.error();
    }
    if (!*group) {
        if (auto made = logs::insert_group(in, told.group); !made) {
            return made;
        }
        group = logs::find_group(in, told.group);
    }
    auto stream = logs::require_stream(in, told.group, told.stream);
    if (!stream && stream.error().code != internal_failure) {
        if (auto made = logs::insert_stream(in, told.group, told.stream); !made) {
            return made;
        }
        stream = logs::require_stream(in, told.group, told.stream);
    }
    if (!stream) {
        return stream.error();
    }
    return logs::append(in, **group, *stream, told.events);
}

}  // namespace

bool is_core_logs_path(std::string_view method, std::string_view path) {
    if (method != "POST" || !path.starts_with(before_thing) || !path.ends_with(behind_thing) ||
        path.size() <= before_thing.size() + behind_thing.size()) {
        return false;
    }
    path.remove_prefix(before_thing.size());
    path.remove_suffix(behind_thing.size());
    return path.find('/') == std::string_view::npos;
}

http::response post_core_logs(const device_routes& in, logs::log_registry& logs,
                              const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:AssumeRoleForGroup")) {
        return *refused;
    }
    const auto body = body_object(from.asked);
    if (!body) {
        return device_error(400, body.error().context);
    }
    const auto* all = array_member(*body, "logs");
    if (all == nullptr) {
        return device_error(400, "'logs' is missing or not an array");
    }
    std::vector<told_log> read;
    const auto now = logs::now_milliseconds(logs);
    for (std::size_t i = 0; i < all->size(); ++i) {
        auto told = read_log((*all)[i], now);
        if (!told || !is_allowed(*told, from.thing)) {
            return device_error(400, "'logs[" + std::to_string(i) +
                                         "]' is not a log of this core: it has a group below "
                                         "/aws/greengrass/, a stream that ends in /" +
                                         from.thing + ", and events with timestamp and message");
        }
        read.push_back(std::move(*told));
    }
    if (in.services.upstream != nullptr && in.services.upstream->has("logs")) {
        for (const auto& told : read) {
            if (const auto shipped = ship_logs(*in.services.upstream, told); !shipped) {
                in.services.log.warn("A core's logs could not be sent on.",
                                     {{"core", from.thing}, {"reason", shipped.error()}});
                return device_error(503, shipped.error().message());
            }
        }
        return json_answer(json::object());
    }
    answer<void> kept;
    const auto committed = in.services.state.db().transaction([&]() -> result<void> {
        for (const auto& told : read) {
            kept = keep(logs, told);
            if (!kept) {
                return error{{}, kept.error().why + kept.error().message};
            }
        }
        return {};
    });
    return committed ? json_answer(json::object()) : store_failed(in, committed.error());
}

boost::asio::awaitable<http::response> core_logs_over_https(const device_routes* in,
                                                            logs::log_registry* logs,
                                                            boost::asio::any_io_executor blocking,
                                                            http::request asked) {
    auto kept = std::make_shared<http::request>(std::move(asked));
    std::function<http::response()> work = [in, logs, kept] {
        auto path = kept->path();
        path.remove_prefix(before_thing.size());
        path.remove_suffix(behind_thing.size());
        const auto thing = percent_decode(path);
        if (!thing) {
            return device_error(404, "No such path.");
        }
        return post_core_logs(*in, *logs,
                              {*kept, kept->peer ? kept->peer->id : std::string(), *thing, {}});
    };
    auto answer = co_await rt::run_on(blocking, std::move(work));
    co_return answer;
}

}  // namespace evergrass::cloud::greengrass

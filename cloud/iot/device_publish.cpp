#include "cloud/iot/device_publish.hpp"

#include "cloud/iot/http_publish.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace evergrass::cloud {
namespace {

namespace asio = boost::asio;

http::response answer_json(int status, std::string_view message) {
    http::response answer;
    answer.status = status;
    answer.headers.add("content-type", "application/json");
    answer.body = json::serialize(json::object{{"message", message}, {"traceId", uuid_v4()}});
    return answer;
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                     : std::nullopt;
}

// Nothing: it went in. Else what is wrong with it.
std::optional<std::string> read_parameter(const std::string& name, const std::string& value,
                                          http_publish& into) {
    if (name == "qos") {
        into.level = number(value).value_or(-1);
    } else if (name == "retain") {
        if (value != "true" && value != "false") {
            return "retain must be true or false.";
        }
        into.retain = value == "true";
    } else if (name == "contentType") {
        into.content_type = value;
    } else if (name == "responseTopic") {
        into.response_topic = value;
    } else if (name == "messageExpiry") {
        into.message_expiry = number(value).value_or(0);
    }
    return std::nullopt;
}

std::string header(const http::request& asked, std::string_view name) {
    return std::string(asked.headers.get(name).value_or(""));
}

// Nothing but the topic and what the client chose to say; `wrong` is set if that cannot be read.
http_publish read(http::request& asked, std::string topic, std::optional<std::string>& wrong) {
    http_publish wanted;
    wanted.topic = std::move(topic);
    wanted.payload = std::move(asked.body);
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (auto said = read_parameter(name, value, wanted)) {
            wrong = std::move(said);
        }
    }
    wanted.correlation_data = header(asked, "x-amz-mqtt5-correlation-data");
    wanted.payload_format_indicator = header(asked, "x-amz-mqtt5-payload-format-indicator");
    if (const auto coded = asked.headers.get("x-amz-mqtt5-user-properties")) {
        auto text = base64_decode(*coded);
        if (!text) {
            wrong = "x-amz-mqtt5-user-properties is not base64.";
        } else {
            wanted.user_properties = std::move(*text);
        }
    }
    return wanted;
}

// Publishes, and resumes the coroutine on its own executor when the message is taken.
struct publish_and_wait {
    template <class Handler>
    void operator()(Handler resume, hub* devices, mqtt::message_ptr message) const {
        auto home = asio::make_work_guard(asio::get_associated_executor(resume));
        auto kept = std::make_shared<Handler>(std::move(resume));
        devices->publish(std::move(message), [kept, home] {
            asio::post(home.get_executor(), [kept] { std::move (*kept)(); });
        });
    }
};

}  // namespace

asio::awaitable<http::response> publish_over_https(hub* devices, const device_authority* authority,
                                                   const service_identity* identity,
                                                   const clock* time, http::request asked) {
    constexpr std::string_view prefix = "/topics/";
    if (!asked.path().starts_with(prefix)) {
        co_return answer_json(404, "Not Found");
    }
    if (asked.method != "POST") {
        co_return answer_json(405, "Method Not Allowed");
    }
    const auto topic = percent_decode(asked.path().substr(prefix.size()));
    if (!topic) {
        co_return answer_json(400, "Invalid topic: " + topic.error().message());
    }
    std::optional<std::string> wrong;
    auto wanted = read(asked, *topic, wrong);
    const auto may = [&](std::string_view action) {
        return asked.peer &&
               authority->allows(asked.peer->id, action, identity->iot_arn("topic/" + *topic), "");
    };
    if (!may("iot:Publish") || (wanted.retain && !may("iot:RetainPublish"))) {
        co_return answer_json(403, "Forbidden");
    }
    if (wrong) {
        co_return answer_json(400, *wrong);
    }
    auto message = make_message(std::move(wanted), time->now());
    if (!message) {
        co_return answer_json(message.error().code == errc::too_large ? 413 : 400,
                              message.error().context);
    }
    if ((*message)->level == mqtt::qos::at_most_once) {
        devices->publish(std::move(*message));
    } else {
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
            publish_and_wait(), asio::use_awaitable, devices, std::move(*message));
    }
    co_return answer_json(200, "OK");
}

}  // namespace evergrass::cloud

#include "cloud/iot/device_publish.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/json.hpp"
#include "libs/base/random.hpp"

namespace evergrass::cloud {
namespace {

http::response answer_json(int status, std::string_view message) {
    http::response answer;
    answer.status = status;
    answer.headers.add("content-type", "application/json");
    answer.body = json::serialize(json::object{{"message", message}, {"traceId", uuid_v4()}});
    return answer;
}

}  // namespace

http::response publish_over_https(hub& devices, const device_authority& authority,
                                  const service_identity& identity, const http::request& asked) {
    constexpr std::string_view prefix = "/topics/";
    if (!asked.path().starts_with(prefix)) {
        return answer_json(404, "Not Found");
    }
    if (asked.method != "POST") {
        return answer_json(405, "Method Not Allowed");
    }
    const auto topic = percent_decode(asked.path().substr(prefix.size()));
    if (!topic) {
        return answer_json(400, "Invalid topic: " + topic.error().message());
    }
    if (!asked.peer ||
        !authority.allows(asked.peer->id, "iot:Publish", identity.iot_arn("topic/" + *topic), "")) {
        return answer_json(403, "Forbidden");
    }
    if (const auto checked = check_publishable(*topic); !checked || topic->starts_with('$')) {
        return answer_json(400, "Invalid topic: " + (checked ? std::string("it is reserved")
                                                             : checked.error().context));
    }
    if (asked.body.size() > max_payload_bytes) {
        return answer_json(413, "The payload is over 128 KB.");
    }
    auto level = mqtt::qos::at_most_once;
    for (const auto& [name, value] : http::parse_query(asked.query())) {
        if (name != "qos") {
            continue;
        }
        if (value != "0" && value != "1") {
            return answer_json(400, "qos must be 0 or 1.");
        }
        level = value == "1" ? mqtt::qos::at_least_once : mqtt::qos::at_most_once;
    }
    devices.publish(*topic, asked.body, level);
    return answer_json(200, "OK");
}

}  // namespace evergrass::cloud

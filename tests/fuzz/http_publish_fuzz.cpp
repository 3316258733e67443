// What a device asks of the hub over HTTPS or on reserved topics: the first lines are topic,
// content type, response topic, correlation data, payload format, user properties and expiry; the
// rest is the payload. What is taken can be sent to every client of MQTT 5.

#include "cloud/iot/fleet_topics.hpp"
#include "cloud/iot/http_publish.hpp"
#include "cloud/iot/topic_rules.hpp"
#include "libs/mqtt/client_message.hpp"
#include "libs/mqtt/types.hpp"
#include "libs/shadow/topics.hpp"
#include "tests/fuzz/next_line.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace evergrass;
using evergrass::fuzz::next_line;

void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read_as_topic(std::string_view topic) {
    if (const auto asked = cloud::iot::parse_fleet_topic(topic)) {
        demand(asked->what != cloud::iot::fleet_operation::provision ||
               topic.find("/" + asked->template_name + "/") != std::string_view::npos);
    }
    if (const auto heard = shadow::parse_answer_topic(topic)) {
        demand(shadow::answer_topic(heard->which, heard->asked, heard->what) == topic);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    cloud::http_publish asked;
    asked.topic = next_line(text);
    read_as_topic(asked.topic);
    asked.content_type = next_line(text);
    asked.response_topic = next_line(text);
    asked.correlation_data = next_line(text);
    asked.payload_format_indicator = next_line(text);
    asked.user_properties = next_line(text);
    const auto expiry = next_line(text);
    std::int64_t seconds = 0;
    if (std::from_chars(expiry.data(), expiry.data() + expiry.size(), seconds).ec == std::errc()) {
        asked.message_expiry = seconds;
    }
    asked.level = static_cast<std::int64_t>(text.size() % 3);
    asked.retain = text.size() % 5 == 1;
    asked.payload = text;
    const auto topic = asked.topic;
    const auto content_type = asked.content_type;
    const auto response_topic = asked.response_topic;
    const auto now = *parse_basic_iso8601("20261123T193000Z");
    const auto made = cloud::make_message(std::move(asked), now);
    if (!made) {
        demand(!made.error().context.empty());
        return 0;
    }
    const auto& message = **made;
    demand(message.topic == topic && *message.payload == text);
    demand(mqtt::check_topic_name(message.topic).has_value());
    demand(topic.size() <= cloud::max_topic_bytes || cloud::is_reserved(topic));
    demand(!cloud::is_reserved(topic) || !message.retain);
    demand(!message.expires_at || *message.expires_at > now);
    const auto heard = mqtt::read_properties(message.properties);
    demand(heard.content_type == content_type && heard.response_topic == response_topic);
    return 0;
}

#pragma once

#include <string>
#include <string_view>

namespace evergrass::cloud {

// Subjects of the bus, docs/formats/bus.md. `fleet`: the store's own id, letters and digits.

std::string stream_of(std::string_view fleet);
// All that the stream keeps.
std::string kept_subjects(std::string_view fleet);
// Of what services tell each other; kept.
std::string event_subject(std::string_view fleet);
// Of QoS 0 messages; not kept.
std::string live_subject(std::string_view fleet, std::string_view topic);
std::string all_live_subjects(std::string_view fleet);
// Of a message that is kept. Two topics never have the same.
std::string message_subject(std::string_view fleet, std::string_view topic);
// Matches the subjects of all topics that the MQTT filter matches, and perhaps of some that begin
// with `$` and that it does not.
std::string message_filter(std::string_view fleet, std::string_view mqtt_filter);
// The same of live_subject()'s.
std::string live_filter(std::string_view fleet, std::string_view mqtt_filter);
// The name of those that share "$share/NAME/FILTER", and of the consumer that they share; and where
// it delivers.
std::string share_name(std::string_view share_filter);
std::string share_subject(std::string_view fleet, std::string_view share_filter);

}  // namespace evergrass::cloud

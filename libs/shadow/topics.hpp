#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

// The MQTT topics of shadows (spec/cloud.md §5.1): `$aws/things/T/shadow/get` and, of a named
// shadow, `$aws/things/T/shadow/name/N/get`.
namespace evergrass::shadow {

struct shadow_id {
    std::string thing;
    std::string name;  // empty: the classic shadow

    friend auto operator<=>(const shadow_id&, const shadow_id&) = default;
};

enum class operation { get, update, remove };
std::string_view to_string(operation what);  // "get", "update", "delete"

enum class answer { accepted, rejected, delta, documents };
std::string_view to_string(answer what);

// 1 to 128 of [a-zA-Z0-9:_-].
bool is_thing_name(std::string_view text);
// 1 to 64 of the same.
bool is_shadow_name(std::string_view text);

struct request_topic {
    shadow_id which;
    operation what = operation::get;
};

// Nothing: it is not a topic on which a shadow is asked for something.
std::optional<request_topic> parse_request_topic(std::string_view topic);

std::string topic_of_request(const shadow_id& which, operation what);

struct heard_answer {
    shadow_id which;
    operation asked = operation::get;
    answer what = answer::accepted;
};

// The reverse of answer_topic(). Nothing: it is no answer's topic.
std::optional<heard_answer> parse_answer_topic(std::string_view topic);

// `delta` and `documents` are answers to an update alone.
std::string answer_topic(const shadow_id& which, operation asked, answer what);

}  // namespace evergrass::shadow

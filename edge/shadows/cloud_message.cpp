#include "edge/shadows/cloud_message.hpp"

#include "libs/shadow/change.hpp"
#include "libs/shadow/parse.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace evergrass::edge {
namespace {

// AWS IoT takes documents that are a little deeper than ours, and metadata is one deeper.
constexpr std::size_t deepest = 20;

// JSON has no infinity, but a number may be too large for a double.
bool has_finite_numbers(const json::value& value) {
    if (const auto* object = value.if_object()) {
        return std::all_of(object->begin(), object->end(),
                           [](const auto& member) { return has_finite_numbers(member.value()); });
    }
    if (const auto* array = value.if_array()) {
        return std::all_of(array->begin(), array->end(), has_finite_numbers);
    }
    return !value.is_double() || std::isfinite(value.get_double());
}

bool read_state(const json::object& body, cloud_message& into) {
    const auto* state = body.if_contains("state");
    if (state == nullptr) {
        return false;
    }
    into.empties = state->is_null() && into.asked == shadow::operation::update;
    if (const auto* object = state->if_object(); object != nullptr && has_finite_numbers(*state)) {
        into.state =
            into.asked == shadow::operation::get ? shadow::with_change({}, *object) : *object;
        return true;
    }
    return into.empties;
}

}  // namespace

std::optional<cloud_message> parse_cloud_message(std::string_view topic, std::string_view payload) {
    auto heard = shadow::parse_answer_topic(topic);
    if (!heard ||
        (heard->what != shadow::answer::accepted && heard->what != shadow::answer::rejected)) {
        return std::nullopt;
    }
    const auto parsed = shadow::parse(payload, deepest);
    const auto* body = parsed ? parsed->if_object() : nullptr;
    if (body == nullptr) {
        return std::nullopt;
    }
    cloud_message made;
    made.which = std::move(heard->which);
    made.asked = heard->asked;
    made.accepted = heard->what == shadow::answer::accepted;
    made.token = string_member(*body, "clientToken").value_or("");
    if (!made.accepted) {
        made.code = static_cast<int>(int_member(*body, "code").value_or(0));
        made.message = string_member(*body, "message").value_or("");
        return made;
    }
    // A delete's may lack it: AWS IoT's guide calls the answer an empty document.
    const auto version = int_member(*body, "version");
    if ((!version || *version < 0) && made.asked != shadow::operation::remove) {
        return std::nullopt;
    }
    made.version = version.value_or(0);
    if (made.asked != shadow::operation::remove && !read_state(*body, made)) {
        return std::nullopt;
    }
    return made;
}

}  // namespace evergrass::edge

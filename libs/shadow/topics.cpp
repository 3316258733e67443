#include "libs/shadow/topics.hpp"

#include <algorithm>
#include <cstddef>

namespace evergrass::shadow {
namespace {

constexpr std::string_view things_prefix = "$aws/things/";
constexpr std::string_view name_prefix = "name/";

bool is_name(std::string_view text, std::size_t longest) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == ':' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), allowed);
}

std::optional<operation> parse_operation(std::string_view text) {
    for (const auto each : {operation::get, operation::update, operation::remove}) {
        if (text == to_string(each)) {
            return each;
        }
    }
    return std::nullopt;
}

// What stands before the next '/', which both are taken off `rest`. Without a '/': all of it.
std::string_view take_level(std::string_view& rest) {
    const auto slash = rest.find('/');
    const auto level = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    return level;
}

}  // namespace

std::string_view to_string(operation what) {
    switch (what) {
        case operation::get:
            return "get";
        case operation::update:
            return "update";
        case operation::remove:
            return "delete";
    }
    return "unknown";
}

std::string_view to_string(answer what) {
    switch (what) {
        case answer::accepted:
            return "accepted";
        case answer::rejected:
            return "rejected";
        case answer::delta:
            return "delta";
        case answer::documents:
            return "documents";
    }
    return "unknown";
}

bool is_thing_name(std::string_view text) {
    return is_name(text, 128);
}

bool is_shadow_name(std::string_view text) {
    return is_name(text, 64);
}

std::optional<request_topic> parse_request_topic(std::string_view topic) {
    if (!topic.starts_with(things_prefix)) {
        return std::nullopt;
    }
    auto rest = topic.substr(things_prefix.size());
    const auto thing = take_level(rest);
    if (!is_thing_name(thing) || take_level(rest) != "shadow") {
        return std::nullopt;
    }
    request_topic found;
    found.which.thing = thing;
    if (rest.starts_with(name_prefix)) {
        rest.remove_prefix(name_prefix.size());
        const auto name = take_level(rest);
        if (!is_shadow_name(name)) {
            return std::nullopt;
        }
        found.which.name = name;
    }
    const auto what = parse_operation(rest);
    if (!what) {
        return std::nullopt;
    }
    found.what = *what;
    return found;
}

std::string topic_of_request(const shadow_id& which, operation what) {
    std::string topic(things_prefix);
    topic.append(which.thing).append("/shadow/");
    if (!which.name.empty()) {
        topic.append(name_prefix).append(which.name).append("/");
    }
    return topic.append(to_string(what));
}

std::optional<heard_answer> parse_answer_topic(std::string_view topic) {
    const auto slash = topic.rfind('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto asked = parse_request_topic(topic.substr(0, slash));
    if (!asked) {
        return std::nullopt;
    }
    for (const auto each : {answer::accepted, answer::rejected, answer::delta, answer::documents}) {
        const bool of_updates = each == answer::delta || each == answer::documents;
        if (topic.substr(slash + 1) == to_string(each) &&
            (!of_updates || asked->what == operation::update)) {
            return heard_answer{asked->which, asked->what, each};
        }
    }
    return std::nullopt;
}

std::string answer_topic(const shadow_id& which, operation asked, answer what) {
    return topic_of_request(which, asked).append("/").append(to_string(what));
}

}  // namespace evergrass::shadow

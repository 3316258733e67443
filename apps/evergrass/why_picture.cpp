// The answer of `evergrass why` for people:
//
//   thing:pump  --  site/1/temp
//     |
//     +--> thing:lamp   NOT delivered: the device is not connected
//     |      by subscription 'lamp' (subject site/#)
#include "apps/evergrass/why.hpp"

namespace evergrass::cli {
namespace {

std::string text_of(const json::object& object, std::string_view name) {
    return string_member(object, name).value_or("");
}

const json::array& list_of(const json::object& object, std::string_view name) {
    static const json::array nothing;
    const auto* found = array_member(object, name);
    return found != nullptr ? *found : nothing;
}

std::string next_step(const json::object& drop, std::string_view indent) {
    return std::string(indent) + "next: " + text_of(drop, "nextStep") + "\n";
}

// Only a running core knows.
std::string carried_text(const json::object& considered) {
    const auto messages = int_member(considered, "messages");
    return !messages        ? ""
           : *messages == 0 ? ", no message since the core started"
           : *messages == 1 ? ", 1 message since the core started"
                            : ", " + std::to_string(*messages) + " messages since the core started";
}

// The ids of the subscriptions that lead to a target, with their subjects.
std::string ways_to(const json::object& answer, const json::object& target) {
    std::string text;
    for (const auto& id : list_of(target, "subscriptions")) {
        for (const auto& c : list_of(answer, "considered")) {
            const auto& considered = c.as_object();
            if (considered.at("subscription") == id && considered.at("near") == "matched") {
                text += "  |      by subscription '" + text_of(considered, "subscription") +
                        "' (subject " + text_of(considered, "subject") + carried_text(considered) +
                        ")\n";
                break;
            }
        }
    }
    return text;
}

std::string target_lines(const json::object& answer, const json::object& target) {
    auto text = "  |\n  +--> " + text_of(target, "target") + "   ";
    const auto* drop = object_member(target, "drop");
    const auto outcome = text_of(target, "result");
    if (drop != nullptr) {
        text += "NOT delivered: " + text_of(*drop, "sentence") + " [" + text_of(*drop, "name") +
                "]\n" + next_step(*drop, "  |      ");
    } else if (outcome == "unknown") {
        text += "routed; whether it takes the message only a running core knows\n";
    } else {
        text += "delivered\n";
    }
    return text + ways_to(answer, target);
}

std::string level_text(const json::object& considered, std::string_view member) {
    const auto text = string_member(considered, member);
    return text ? "'" + *text + "'" : "nothing";
}

// A subject with the level that differs marked: site/1/>temp<.
std::string marked(std::string_view subject, std::int64_t level) {
    std::string text;
    std::int64_t at = 1;
    for (std::size_t from = 0;; ++at) {
        const auto slash = subject.find('/', from);
        const auto part = subject.substr(from, slash - from);
        text += at == level ? ">" + std::string(part) + "<" : std::string(part);
        if (slash == std::string_view::npos) {
            break;
        }
        text += "/";
        from = slash + 1;
    }
    return at < level ? text + "><" : text;
}

std::string considered_line(const json::object& c) {
    const auto near = text_of(c, "near");
    auto head = "  '" + text_of(c, "subscription") + "'  " + text_of(c, "source") + " --[";
    const auto tail = "]--> " + text_of(c, "target");
    if (near == "subject_differs") {
        const auto level = int_member(c, "level").value_or(0);
        head += marked(text_of(c, "subject"), level) + tail + "\n      ";
        if (bool_member(c, "reserved").value_or(false)) {
            return head + "a leading wildcard covers no topic that begins with '$'\n";
        }
        return head + "level " + std::to_string(level) + " differs: the subject has " +
               level_text(c, "subjectLevel") + ", the topic has " + level_text(c, "topicLevel") +
               "\n";
    }
    head += text_of(c, "subject") + tail + "\n      ";
    return head + (near == "other_target" ? "fits, but leads to another target\n"
                                          : "has this subject, but another source\n");
}

std::string near_misses(const json::object& answer) {
    std::string text;
    for (const auto& c : list_of(answer, "considered")) {
        if (c.as_object().at("near") != "matched") {
            text += considered_line(c.as_object());
        }
    }
    if (const auto more = int_member(answer, "leftOut").value_or(0); more != 0) {
        text += "  ... and " + std::to_string(more) + " more\n";
    }
    return text.empty() ? text : "\nSubscriptions that do not lead there:\n" + text;
}

std::string recent(const json::object& answer) {
    std::string text;
    for (const auto& r : list_of(answer, "recentDrops")) {
        const auto& record = r.as_object();
        const auto target = text_of(record, "target");
        const auto source = text_of(record, "source");
        text += "  " + text_of(record, "last") + "  " +
                (source.empty() ? "" : source + " --[" + text_of(record, "topic") + "]--> ") +
                (target.empty() ? "nobody" : target) + ": " +
                text_of(record.at("drop").as_object(), "name") + ", " +
                std::to_string(int_member(record, "count").value_or(0)) + " times\n";
    }
    return text.empty() ? text : "\nLost lately:\n" + text;
}

}  // namespace

std::string why_picture(const json::object& answer) {
    const auto to = string_member(answer, "to");
    auto text = text_of(answer, "source") + " publishes to " + text_of(answer, "topic") +
                (to ? ", for " + *to : "") + "\n";
    if (const auto kind = string_member(answer, "fileKind")) {
        text += "(from a file, " + *kind + ": what is connected and running is not known)\n";
    }
    if (bool_member(answer, "sourceConnected") == false) {
        text += "(" + text_of(answer, "source") + " is not connected at this moment)\n";
    }
    if (const auto* drop = object_member(answer, "drop")) {
        text += "  |\n  x    NOT delivered: " + text_of(*drop, "sentence") + " [" +
                text_of(*drop, "name") + "]\n" + next_step(*drop, "       ");
    }
    for (const auto& target : list_of(answer, "targets")) {
        text += target_lines(answer, target.as_object());
    }
    return text + near_misses(answer) + recent(answer);
}

}  // namespace evergrass::cli

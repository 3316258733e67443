#include "edge/router/end_name.hpp"
#include "edge/router/explain.hpp"

namespace evergrass::edge {
namespace {

json::value of_drop(const std::optional<drop_reason>& reason) {
    if (!reason) {
        return nullptr;
    }
    const auto& text = describe(*reason);
    return json::object{
        {"name", text.name}, {"sentence", text.sentence}, {"nextStep", text.next_step}};
}

json::value of_text(const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value(nullptr);
}

json::value of_end(const std::optional<endpoint>& e) {
    return e ? json::value(end_name(*e)) : json::value(nullptr);
}

json::object of_considered(const considered_subscription& c) {
    json::object out{{"near", to_string(c.near)},
                     {"subscription", c.id},
                     {"source", end_name(c.source)},
                     {"subject", c.subject},
                     {"target", end_name(c.target)}};
    if (c.near == nearness::subject_differs) {
        out["level"] = c.level;
        out["subjectLevel"] = of_text(c.subject_level);
        out["topicLevel"] = of_text(c.topic_level);
        out["reserved"] = c.reserved;
    }
    return out;
}

json::object of_target(const target_outcome& t) {
    json::array ids;
    for (const auto& id : t.subscriptions) {
        ids.emplace_back(id);
    }
    const auto* verdict = t.drop ? "dropped" : t.known ? "delivered" : "unknown";
    return {{"target", end_name(t.target)},
            {"result", verdict},
            {"drop", of_drop(t.drop)},
            {"subscriptions", std::move(ids)}};
}

}  // namespace

json::object to_json(const explanation& e) {
    json::array considered;
    for (const auto& c : e.considered) {
        considered.push_back(of_considered(c));
    }
    json::array targets;
    for (const auto& t : e.targets) {
        targets.push_back(of_target(t));
    }
    return {{"delivered", e.delivered()},
            {"source", end_name(e.asked.source)},
            {"topic", e.asked.topic},
            {"to", of_end(e.asked.to)},
            {"drop", of_drop(e.drop)},
            {"targets", std::move(targets)},
            {"considered", std::move(considered)},
            {"leftOut", e.left_out}};
}

json::object to_json(const drop_record& r) {
    return {{"drop", of_drop(r.reason)},
            {"source", of_end(r.source)},
            {"topic", r.topic},
            {"target", of_end(r.target)},
            {"count", r.count},
            {"first", format_iso8601(r.first)},
            {"last", format_iso8601(r.last)}};
}

}  // namespace evergrass::edge
